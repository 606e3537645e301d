#include "io/mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "io/system_error.h"

namespace mod::io {
namespace {

constexpr std::uint64_t kPage = 4096;

}  // namespace

Mapping::Mapping(const File& file) {
  struct stat status{};
  if (fstat(file.fd_, &status) != 0) throw_system_error("look at", file.path(), errno);
  constexpr std::int64_t kSecond = 1'000'000'000;
  id_ = {.device = static_cast<std::uint64_t>(status.st_dev),
         .inode = static_cast<std::uint64_t>(status.st_ino),
         .size = static_cast<std::uint64_t>(status.st_size),
         .changed_ns = status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec};
  if (id_.size == 0) return;
  void* at = mmap(nullptr, id_.size, PROT_READ, MAP_SHARED, file.fd_, 0);
  if (at == MAP_FAILED) throw_system_error("map", file.path(), errno);
  data_ = static_cast<const std::byte*>(at);
  size_ = id_.size;
}

Mapping::~Mapping() {
  if (data_) munmap(const_cast<std::byte*>(data_), size_);
}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this == &other) return *this;
  if (data_) munmap(const_cast<std::byte*>(data_), size_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  id_ = other.id_;
  return *this;
}

void Mapping::will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept {
  if (offset >= size_) return;
  const std::uint64_t begin = offset / kPage * kPage;
  const std::uint64_t end =
      std::min<std::uint64_t>(size_, offset + std::min<std::uint64_t>(bytes, size_ - offset));
  madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_WILLNEED);
}

}  // namespace mod::io
