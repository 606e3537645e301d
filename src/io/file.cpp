#include "io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "io/system_error.h"
#include "mod/error.h"

namespace mod::io {
namespace {

// Linux moves at most 0x7ffff000 bytes a call; a round limit below keeps offsets aligned.
constexpr std::size_t kMostPerCall = std::size_t{1} << 30;
constexpr auto kMostOffset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

int open_retrying(const std::filesystem::path& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

bool fits(std::uint64_t offset, std::uint64_t bytes) {
  return offset <= kMostOffset && bytes <= kMostOffset - offset;
}

[[noreturn]] void throw_ends_early(const std::filesystem::path& path, std::uint64_t offset,
                                   std::uint64_t wanted, std::uint64_t got) {
  throw Error(ErrorCode::kCorruptFile,
              fmt::format("{} ends early: {} bytes wanted at byte {}, {} there; the file is "
                          "incomplete, fetch or copy it again",
                          path.string(), wanted, offset, got));
}

}  // namespace

File::~File() { close(); }

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::exchange(other.fd_, -1);
  path_ = std::move(other.path_);
  return *this;
}

File File::open_read(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer. Regular files ignore it.
  const int fd = open_retrying(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) throw_open_error(path, errno);
  File file(fd, path);
  struct stat status{};
  if (fstat(fd, &status) != 0) throw_system_error("look at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{} is {}, not a file; name a regular file", path.string(),
                            S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe"));
  }
  return file;
}

File File::create(const std::filesystem::path& path) {
  const int fd = open_retrying(path, O_RDWR | O_CREAT | O_TRUNC);
  if (fd < 0) throw_system_error("create", path, errno);
  return File(fd, path);
}

File File::open_write(const std::filesystem::path& path) {
  const int fd = open_retrying(path, O_RDWR);
  if (fd < 0) throw_system_error("open for writing", path, errno);
  return File(fd, path);
}

void File::read_at(std::span<std::byte> out, std::uint64_t offset) const {
  if (!fits(offset, out.size())) throw_ends_early(path_, offset, out.size(), 0);
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t want = std::min(out.size() - done, kMostPerCall);
    const ssize_t n = ::pread(fd_, out.data() + done, want, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw_system_error(fmt::format("read {} bytes at byte {} of", want, offset + done), path_,
                         errno);
    }
    if (n == 0) throw_ends_early(path_, offset, out.size(), done);
    done += static_cast<std::size_t>(n);
  }
}

void File::write_at(std::span<const std::byte> data, std::uint64_t offset) const {
  if (!fits(offset, data.size())) throw_system_error("write to", path_, EFBIG);
  std::size_t done = 0;
  while (done < data.size()) {
    const std::size_t want = std::min(data.size() - done, kMostPerCall);
    const ssize_t n = ::pwrite(fd_, data.data() + done, want, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      throw_system_error(fmt::format("write {} bytes at byte {} of", want, offset + done), path_,
                         n < 0 ? errno : ENOSPC);
    }
    done += static_cast<std::size_t>(n);
  }
}

std::uint64_t File::size() const {
  struct stat status{};
  if (fstat(fd_, &status) != 0) throw_system_error("find the size of", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void File::set_size(std::uint64_t bytes) const {
  if (size() >= bytes) return;
  if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) {
    throw_system_error("set the size of", path_, errno);
  }
}

void File::preallocate(std::uint64_t bytes) const {
  if (bytes == 0) return;
  if (bytes > kMostOffset) throw_system_error("reserve space for", path_, EFBIG);
  const std::string what = fmt::format("reserve {} ({} bytes) for", size_text(bytes), bytes);
  // On tmpfs fallocate takes every page at once from one thread: 0.26 s for 1 GB that the workers
  // would have taken side by side.
  if (is_memory_backed(path_)) {
    if (free_space(path_) < bytes) throw_system_error(what, path_, ENOSPC);
    return set_size(bytes);
  }
  int error = 0;
  do {
    error = ::fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
  } while (error == EINTR);
  if (error == 0) return;
  if (error == EOPNOTSUPP || error == ENOSYS) return set_size(bytes);
  throw_system_error(what, path_, error);
}

void File::sync() const {
  // EINTR only: after any other error the kernel may have dropped the pages, so a second success
  // would be a lie.
  int rc = 0;
  do {
    rc = ::fdatasync(fd_);
  } while (rc != 0 && errno == EINTR);
  if (rc != 0) throw_system_error("bring to the disk", path_, errno);
}

void File::will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (!fits(offset, bytes)) return;
  posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_WILLNEED);
}

void File::start_writeback(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (!fits(offset, bytes)) return;
  sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes),
                  SYNC_FILE_RANGE_WRITE);
}

void File::drop_cache(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (!fits(offset, bytes)) return;
  posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
}

void File::advise_sequential() const noexcept { posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL); }

void File::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace mod::io
