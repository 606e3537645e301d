// Inner products of a tensor's inputs (or of their differences from a base), the basis of
// everything geometric: norms, cosines, angles.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "merge/method.h"

namespace mod::merge {

/// <v_i, v_j> for some inputs, v = x or x - b: a symmetric matrix.
class Gram {
 public:
  explicit Gram(std::size_t size = 0) : size_(size), values_(size * (size + 1) / 2, 0.0) {}

  double operator()(std::size_t i, std::size_t j) const { return values_[index(i, j)]; }
  double& operator()(std::size_t i, std::size_t j) { return values_[index(i, j)]; }
  std::size_t size() const { return size_; }
  void add(const Gram& other);

 private:
  static std::size_t index(std::size_t i, std::size_t j) {
    if (i < j) std::swap(i, j);
    return i * (i + 1) / 2 + j;
  }

  std::size_t size_;
  std::vector<double> values_;
};

/// The products over one run of n elements; base may be null.
Gram gram_of(const cpu::Kernels& kernels, std::span<const float* const> inputs, const float* base,
             std::size_t n);

/// The products over a whole tensor: per block, then in block order.
class GramSums {
 public:
  explicit GramSums(std::size_t inputs) : inputs_(inputs) {}

  void begin(std::uint64_t blocks) { blocks_.assign(blocks, Gram(inputs_)); }
  void add(const Chunk& chunk, std::span<const float* const> inputs, const float* base) {
    blocks_[chunk.block].add(gram_of(*chunk.kernels, inputs, base, chunk.count));
  }
  /// Forgets the blocks.
  Gram finish();

 private:
  std::size_t inputs_;
  std::vector<Gram> blocks_;
};

}  // namespace mod::merge
