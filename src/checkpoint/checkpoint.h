// A checkpoint opened for reading: safetensors (single, sharded with index, or complete shards
// without one) or PyTorch .bin (single or sharded). Every header is read and validated at open;
// tensors are read later, with positioned reads, from any thread. Inputs are never written to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/problems.h"
#include "io/file.h"
#include "mod/dtype.h"

namespace mod::checkpoint {

/// Where a tensor's elements lie: contiguous, row-major, in one file.
struct TensorInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;
  int file = 0;              // index into Checkpoint::files()
  std::uint64_t offset = 0;  // absolute, in bytes
};

struct InputFile {
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::uint64_t header_bytes = 0;  // safetensors: 8 + header; .bin: size of the pickle
  std::string header_sha256;       // of those bytes
};

class Checkpoint {
 public:
  /// Opens a folder or a single weights file. Notes (shards without an index, tied names...) go to
  /// `notes`. Throws Error(kInvalidInput) if there are no weights, kCorruptFile (file, place,
  /// reason) if a header is broken, kUnsupported for quantised formats, named.
  static std::shared_ptr<const Checkpoint> open(const std::filesystem::path& path, Problems& notes);

  const std::filesystem::path& root() const { return root_; }
  /// In the order of their bytes: by file, then offset.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  const TensorInfo* find(std::string_view name) const;
  const std::vector<InputFile>& files() const { return files_; }
  const io::File& file(int index) const { return handles_[static_cast<std::size_t>(index)]; }
  std::uint64_t total_bytes() const;

  /// out.size() bytes of the tensor from `byte_offset` on. Throws Error(kIo, kCorruptFile).
  void read(const TensorInfo& tensor, std::uint64_t byte_offset, std::span<std::byte> out) const;

 private:
  friend class CheckpointOpener;
  std::filesystem::path root_;
  std::vector<InputFile> files_;
  std::vector<io::File> handles_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace mod::checkpoint
