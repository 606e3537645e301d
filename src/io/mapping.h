// A whole file mapped read-only: its pages are read when they are touched and shared by all
// processes that map it. For weights of models that run; whoever truncates the file meanwhile stops
// this process, as with every mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "io/file.h"

namespace mod::io {

/// What tells one file from another on this machine, until it is changed.
struct FileId {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t changed_ns = 0;  // time of the last change of its content

  auto operator<=>(const FileId&) const = default;
};

/// Movable; unmapped by the destructor.
class Mapping {
 public:
  Mapping() = default;
  /// Maps all of `file`, which may be closed afterwards. Throws Error(kIo).
  explicit Mapping(const File& file);
  ~Mapping();
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        id_(other.id_) {}
  Mapping& operator=(Mapping&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const FileId& id() const { return id_; }
  /// Asks the kernel to read a range ahead.
  void will_need(std::uint64_t offset, std::uint64_t bytes) const noexcept;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  FileId id_;
};

}  // namespace mod::io
