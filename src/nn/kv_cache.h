// Keys and values of one text: [layer][kv_head][position][head_dim] for each of both, so that a
// head's positions are one contiguous stream. Grows on demand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpu/kernels.h"
#include "io/buffer.h"
#include "mod/dtype.h"
#include "nn/attention.h"

namespace mod::nn {

/// Not thread-safe; different layers may be used from different threads.
class KvCache {
 public:
  struct Shape {
    std::size_t layers = 0, heads = 0, head_dim = 0;
    bool operator==(const Shape&) const = default;
  };

  /// `dtype` is F32 or BF16. Takes no memory yet.
  KvCache(const Shape& shape, DType dtype);

  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  std::size_t capacity() const { return capacity_; }
  std::uint64_t bytes() const;
  std::uint64_t bytes_per_position() const;

  /// Makes room for `positions`, at least doubling but never beyond `most`; the first `kept` stay.
  /// One layer is copied at a time. Throws Error(kOutOfMemory), then nothing was lost.
  void reserve(std::size_t positions, std::size_t most, std::size_t kept);

  /// Stores the keys and values (heads x head_dim floats each) of one position below capacity.
  void write(std::size_t layer, std::size_t position, const float* keys, const float* values,
             const cpu::Kernels& kernels);

  /// The first `positions` of `other`, which has the same shape and dtype; wants the capacity.
  void copy(const KvCache& other, std::size_t positions);

  KvView view(std::size_t layer, std::size_t length) const;

 private:
  std::size_t head_bytes(std::size_t positions) const;

  struct Layer {
    io::Buffer buffer;         // keys of all heads, then values
    std::size_t capacity = 0;  // behind capacity_ only while reserve runs
  };

  Shape shape_;
  DType dtype_;
  std::size_t capacity_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace mod::nn
