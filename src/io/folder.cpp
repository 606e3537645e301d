// The functions of file.h that work on names, folders and file systems.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>
#include <string>
#include <system_error>

#include "io/file.h"
#include "io/system_error.h"
#include "mod/error.h"

namespace mod::io {
namespace {

/// The path itself or its nearest parent that exists; "." for a relative path with none.
std::filesystem::path nearest_existing(const std::filesystem::path& path) {
  std::filesystem::path at = path;
  std::error_code ignored;
  while (!at.empty() && !std::filesystem::exists(at, ignored)) {
    const std::filesystem::path parent = at.parent_path();
    if (parent == at) break;
    at = parent;
  }
  return at.empty() ? "." : at;
}

void remove_quietly(const std::filesystem::path& path) noexcept { ::unlink(path.c_str()); }

}  // namespace

void sync_directory(const std::filesystem::path& folder) {
  const std::filesystem::path name = folder.empty() ? "." : folder;
  const int fd = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_system_error("open the folder", name, errno);
  int error = 0;
  do {
    error = ::fsync(fd) == 0 ? 0 : errno;
  } while (error == EINTR);
  ::close(fd);
  // Some network file systems cannot sync a folder and say EINVAL.
  if (error != 0 && error != EINVAL)
    throw_system_error("bring to the disk the folder", name, error);
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw_system_error("rename " + from.string() + " to", to, errno);
  }
}

void write_file_atomic(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += kTempSuffix;
  try {
    File file = File::create(temporary);
    file.write_at(std::as_bytes(std::span(content.data(), content.size())), 0);
    file.sync();
    file.close();
    rename_file(temporary, path);
  } catch (...) {
    remove_quietly(temporary);
    throw;
  }
  sync_directory(path.parent_path());
}

std::uint64_t free_space(const std::filesystem::path& path) {
  const std::filesystem::path at = nearest_existing(path);
  struct statvfs status{};
  if (::statvfs(at.c_str(), &status) != 0) {
    throw_system_error("find the free space of", at, errno);
  }
  const std::uint64_t block = status.f_frsize;
  const std::uint64_t blocks = status.f_bavail;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  return block != 0 && blocks > kMax / block ? kMax : blocks * block;
}

bool is_memory_backed(const std::filesystem::path& path) {
  const std::filesystem::path at = nearest_existing(path);
  struct statfs status{};
  if (::statfs(at.c_str(), &status) != 0) throw_system_error("look at", at, errno);
  const auto kind = static_cast<std::uint64_t>(status.f_type);
  return kind == TMPFS_MAGIC || kind == RAMFS_MAGIC;
}

}  // namespace mod::io
