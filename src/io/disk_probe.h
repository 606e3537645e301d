// How fast is the disk under a folder: a short probe with a file of its own, so that an estimate of
// seconds needs no file of the user. The file is removed again.
#pragma once

#include <filesystem>
#include <optional>

namespace mod::io {

struct DiskRates {
  double read = 0, write = 0;  // bytes per second; reads are from the disk, not from the page cache
};

/// Writes and reads for about `seconds` in total. Nothing where the folder (or its nearest existing
/// parent) cannot be written to.
std::optional<DiskRates> probe_disk(const std::filesystem::path& folder, double seconds = 2.0);

}  // namespace mod::io
