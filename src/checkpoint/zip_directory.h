// The table of contents of a ZIP or ZIP64 archive whose entries are stored, as torch.save writes
// it. Only positions are read: a tensor inside is then an offset and a length in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace mod::checkpoint {

/// Bytes that can be read at any place: a file, or memory in tests.
struct ByteSource {
  std::uint64_t size = 0;
  /// Fills the span from an offset; only called with ranges inside `size`.
  std::function<void(std::span<std::byte>, std::uint64_t)> read;
};

struct ZipEntry {
  std::string name;
  std::uint64_t offset = 0;  // of the data, from the start of the file
  std::uint64_t size = 0;
};

/// Entries in the order of the directory. Every entry's data lies inside the file, before the
/// directory, and overlaps no other. Throws Error(kCorruptFile); Error(kUnsupported) for compressed
/// or encrypted entries. Format: PKWARE APPNOTE 6.3.
std::vector<ZipEntry> read_zip_directory(const ByteSource& source, const std::string& where);

}  // namespace mod::checkpoint
