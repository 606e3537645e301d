#include "io/system_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/text.h"
#include "io/file.h"
#include "mod/error.h"

namespace mod::io {
namespace {

std::string full_disk_remedy(const std::filesystem::path& path) {
  std::string free = "an unknown number of bytes";
  try {
    const std::uint64_t bytes = free_space(path);
    free = fmt::format("{} ({} bytes)", size_text(bytes), bytes);
  } catch (const Error&) {
    // The message about the full disk matters more than this detail of it.
  }
  return fmt::format("{} are free there, free some space or choose a folder on another disk", free);
}

std::string remedy(const std::filesystem::path& path, int error) {
  switch (error) {
    case ENOSPC:
      return full_disk_remedy(path);
    case EDQUOT:
      return "your disk quota is used up, free some space or choose another disk";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check the permissions of the file and its folder";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case EFBIG:
      return "the file system cannot hold a file of this size, choose another one";
    case EIO:
      return "the disk or the network reported a fault, check the system log";
    case ENOENT:
    case ENOTDIR:
      return "check that the folder exists";
    case EXDEV:
      return "both names must be on one file system";
    default:
      return "check the path and the disk";
  }
}

}  // namespace

void throw_system_error(std::string_view what, const std::filesystem::path& path, int error) {
  throw Error(ErrorCode::kIo,
              fmt::format("cannot {} {}: {}; {}", what, path.string(),
                          std::generic_category().message(error), remedy(path, error)));
}

void throw_open_error(const std::filesystem::path& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("cannot open {}: it does not exist; check the path", path.string()));
  }
  throw_system_error("open", path, error);
}

}  // namespace mod::io
