// fault_shim: a library for LD_PRELOAD that makes a program's disk fail on purpose.
//
// It acts on files whose path contains MOD_FAULT_PATH (all files if unset or empty) and does what
// these environment variables say; counts are in bytes, over all such files of the process
// together:
//
//   MOD_FAULT_READ_MOST=N      one pread returns at most N bytes (short reads; the data is right)
//   MOD_FAULT_READ_END=N       files seem to end at offset N: pread at or past it returns 0
//   MOD_FAULT_READ_EIO=N       pread fails with EIO once N bytes have been read (0: the first one)
//   MOD_FAULT_READ_EINTR=N     the first N preads fail with EINTR
//   MOD_FAULT_WRITE_EIO=N      N bytes can be written (the last pwrite is short), then EIO
//   MOD_FAULT_WRITE_ENOSPC=N   N bytes can be written (the last pwrite is short), then ENOSPC
//   MOD_FAULT_WRITE_EINTR=N    the first N pwrites fail with EINTR
//   MOD_FAULT_WRITE_KILL=N     the process gets SIGKILL when N bytes have been written
//   MOD_FAULT_RENAME_KILL=TEXT the process gets SIGKILL instead of renaming a file to a path with
//   TEXT in it MOD_FAULT_FALLOCATE=NAME   fallocate fails: NAME is ENOSPC, EOPNOTSUPP, ENOSYS or
//   EIO MOD_FAULT_SYNC=NAME        fdatasync and fsync (of folders too) fail: NAME is EIO or ENOSPC
//
// It intercepts pread, pwrite, fallocate (each also in its 64 form), fdatasync, fsync and rename;
// never read, write or mappings. A program built with the address sanitizer needs
// ASAN_OPTIONS=verify_asan_link_order=0:alloc_dealloc_mismatch=0 beside LD_PRELOAD.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<std::uint64_t> bytes_read{0};
std::atomic<std::uint64_t> bytes_written{0};
std::atomic<std::uint64_t> reads{0};
std::atomic<std::uint64_t> writes{0};

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_target(int fd) {
  const char* wanted = std::getenv("MOD_FAULT_PATH");
  if (wanted == nullptr || *wanted == '\0') return true;
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return false;
  path[n] = '\0';
  return std::strstr(path, wanted) != nullptr;
}

bool number(const char* name, std::uint64_t* out) {
  const char* text = std::getenv(name);
  if (text == nullptr) return false;
  *out = std::strtoull(text, nullptr, 10);
  return true;
}

int error_number(const char* variable) {
  const char* name = std::getenv(variable);
  if (name == nullptr) return 0;
  if (std::strcmp(name, "ENOSPC") == 0) return ENOSPC;
  if (std::strcmp(name, "EOPNOTSUPP") == 0) return EOPNOTSUPP;
  if (std::strcmp(name, "ENOSYS") == 0) return ENOSYS;
  return EIO;
}

ssize_t fail(int error) {
  errno = error;
  return -1;
}

using Read = ssize_t(int, void*, size_t, off_t);
using Write = ssize_t(int, const void*, size_t, off_t);

ssize_t faulty_read(Read* real, int fd, void* data, size_t size, off_t offset) {
  if (!is_target(fd)) return real(fd, data, size, offset);
  std::uint64_t n = 0;
  if (number("MOD_FAULT_READ_EINTR", &n) && reads.fetch_add(1) < n) return fail(EINTR);
  if (number("MOD_FAULT_READ_EIO", &n) && bytes_read.load() >= n) return fail(EIO);
  if (number("MOD_FAULT_READ_END", &n)) {
    const auto at = static_cast<std::uint64_t>(offset);
    if (at >= n) return 0;
    if (size > n - at) size = n - at;
  }
  if (number("MOD_FAULT_READ_MOST", &n) && size > n) size = n;
  const ssize_t got = real(fd, data, size, offset);
  if (got > 0) bytes_read.fetch_add(static_cast<std::uint64_t>(got));
  return got;
}

ssize_t faulty_write(Write* real, int fd, const void* data, size_t size, off_t offset) {
  if (!is_target(fd)) return real(fd, data, size, offset);
  std::uint64_t n = 0;
  if (number("MOD_FAULT_WRITE_EINTR", &n) && writes.fetch_add(1) < n) return fail(EINTR);
  std::uint64_t most = 0;
  int error = 0;
  if (number("MOD_FAULT_WRITE_EIO", &most))
    error = EIO;
  else if (number("MOD_FAULT_WRITE_ENOSPC", &most))
    error = ENOSPC;
  const bool kill_self = error == 0 && number("MOD_FAULT_WRITE_KILL", &most);
  if (error == 0 && !kill_self) return real(fd, data, size, offset);

  const std::uint64_t before = bytes_written.fetch_add(size);
  const std::uint64_t room = before < most ? most - before : 0;
  if (room >= size && !(kill_self && room == size)) return real(fd, data, size, offset);
  if (room == 0 && error != 0) return fail(error);
  const ssize_t got = room == 0 ? 0 : real(fd, data, room, offset);
  if (kill_self) kill(getpid(), SIGKILL);
  return got;
}

}  // namespace

extern "C" {

ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  static Read* const real = next<Read>("pread");
  return faulty_read(real, fd, data, size, offset);
}

ssize_t pread64(int fd, void* data, size_t size, off64_t offset) {
  static Read* const real = next<Read>("pread64");
  return faulty_read(real, fd, data, size, offset);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static Write* const real = next<Write>("pwrite");
  return faulty_write(real, fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static Write* const real = next<Write>("pwrite64");
  return faulty_write(real, fd, data, size, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  static auto* const real = next<int(int, int, off_t, off_t)>("fallocate");
  const int error = error_number("MOD_FAULT_FALLOCATE");
  if (error != 0 && is_target(fd)) return static_cast<int>(fail(error));
  return real(fd, mode, offset, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return fallocate(fd, mode, offset, size);
}

int fdatasync(int fd) {
  static auto* const real = next<int(int)>("fdatasync");
  const int error = error_number("MOD_FAULT_SYNC");
  if (error != 0 && is_target(fd)) return static_cast<int>(fail(error));
  return real(fd);
}

int fsync(int fd) {
  static auto* const real = next<int(int)>("fsync");
  const int error = error_number("MOD_FAULT_SYNC");
  if (error != 0 && is_target(fd)) return static_cast<int>(fail(error));
  return real(fd);
}

int rename(const char* from, const char* to) {
  static auto* const real = next<int(const char*, const char*)>("rename");
  const char* text = std::getenv("MOD_FAULT_RENAME_KILL");
  if (text != nullptr && std::strstr(to, text) != nullptr) kill(getpid(), SIGKILL);
  return real(from, to);
}

}  // extern "C"
