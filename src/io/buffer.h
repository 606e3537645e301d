// A page-aligned byte buffer (huge pages asked for where it is large). Owned, movable, not growable.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace mod::io {

class Buffer {
 public:
  Buffer() = default;
  /// Throws Error(kOutOfMemory).
  explicit Buffer(std::size_t bytes);

  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> span() { return {data_.get(), size_}; }

 private:
  struct Free { void operator()(std::byte* p) const noexcept; };
  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace mod::io
