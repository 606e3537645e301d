// Keeps two runs out of one output folder. The kernel drops the lock with the process.
#pragma once

#include <filesystem>

namespace mod::checkpoint {

class FolderLock {
 public:
  FolderLock() = default;
  /// Throws Error(kInvalidInput) if another process holds it, kIo if the folder cannot be opened.
  /// File systems without locks are accepted as they are.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace mod::checkpoint
