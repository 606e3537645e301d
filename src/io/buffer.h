// A page-aligned byte buffer (huge pages asked for where it is large). Owned, movable, not
// growable.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace mod::io {

class Buffer {
 public:
  Buffer() = default;
  /// The bytes are not initialised. Throws Error(kOutOfMemory).
  explicit Buffer(std::size_t bytes);
  /// The source is empty afterwards.
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> span() { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const noexcept;
  };
  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace mod::io
