// Files: an owned descriptor with positioned reads and writes that either finish or throw. All
// functions throw Error(kIo) with the path and the system's reason (kInvalidInput where a file to
// be read does not exist). Positioned reads and writes on one File are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace mod::io {

class File {
 public:
  File() = default;
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  static File open_read(const std::filesystem::path& path);
  /// Creates (or truncates) the file for reading and writing.
  static File create(const std::filesystem::path& path);
  /// Opens an existing file for reading and writing without truncating it.
  static File open_write(const std::filesystem::path& path);

  /// Reads exactly out.size() bytes at `offset`; a shorter file is kCorruptFile.
  void read_at(std::span<std::byte> out, std::uint64_t offset) const;
  void write_at(std::span<const std::byte> data, std::uint64_t offset) const;

  std::uint64_t size() const;
  /// Reserves blocks with fallocate (a full disk is noticed here), or only sets the size where the
  /// file system cannot reserve. Never writes zeros. On a memory file system the free space is
  /// compared.
  void preallocate(std::uint64_t bytes) const;
  void sync() const;  // data and size reach the disk
  /// Asks the kernel to read a range ahead / to start writing a range back / to drop a range.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  void start_writeback(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  void drop_cache(std::uint64_t offset, std::uint64_t bytes) const noexcept;
  void advise_sequential() const noexcept;

  const std::filesystem::path& path() const { return path_; }
  bool is_open() const { return fd_ >= 0; }
  void close() noexcept;

 private:
  friend class Mapping;
  void set_size(std::uint64_t bytes) const;  // grows only
  File(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::filesystem::path path_;
};

void sync_directory(const std::filesystem::path& folder);
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Writes `content` to `path` through path + ".mod-tmp", synced and renamed.
void write_file_atomic(const std::filesystem::path& path, std::string_view content);
/// Bytes free to an ordinary user on the file system of `path` (or of its nearest existing parent).
std::uint64_t free_space(const std::filesystem::path& path);
/// True for tmpfs and ramfs, where the page cache is the disk.
bool is_memory_backed(const std::filesystem::path& path);

/// The suffix of everything that is not finished yet.
inline constexpr std::string_view kTempSuffix = ".mod-tmp";

}  // namespace mod::io
