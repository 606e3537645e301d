// Products of consecutive weight rows with a few or many tokens, for one thread. See nn/matmul.h.
#pragma once

#include <cstddef>

#include "mod/dtype.h"

namespace mod::cpu {

/// y[t * ldy + r] = bias[r] + sum over c of w[r][c] x[t][c] for r < rows, t < tokens.
struct MatmulJob {
  DType dtype;         // of w: BF16, F16 or F32
  const std::byte* w;  // row-major, any alignment
  std::size_t rows, columns;
  const float* x;   // rows made by `prepare`, ldx apart; 64-byte aligned is faster
  std::size_t ldx;  // at least MatmulKernels::padded(columns)
  std::size_t tokens;
  const float* bias;  // may be null
  float* y;
  std::size_t ldy;
};

/// The sum of one (row, token) is one chain of multiply-adds in each lane of a vector, in the order
/// of the columns, then one tree over the lanes: the same in `few` and `many` and for any job that
/// the row and the token are part of.
struct MatmulKernels {
  std::size_t step;          // columns of one step
  std::size_t most_few;      // tokens up to which `few` is the faster one, and its limit
  std::size_t most_many;     // the most tokens of one call of `many`
  std::size_t token_tile;    // `many` is fastest for multiples of this
  std::size_t many_scratch;  // floats that a call of `many` needs

  std::size_t padded(std::size_t columns) const { return (columns + step - 1) / step * step; }

  /// Puts one token's activations into the order in which weights of this type are read, with zeros
  /// up to padded(columns). The order is the same for all types but BF16.
  void (*prepare)(DType dtype, const float* x, std::size_t columns, float* out) noexcept;
  /// Streams the weights once, several runs of rows side by side: as fast as they arrive from
  /// memory.
  void (*few)(const MatmulJob& job) noexcept;
  /// Widens a tile of rows once for all tokens. `scratch` should be 64-byte aligned.
  void (*many)(const MatmulJob& job, float* scratch) noexcept;
};

}  // namespace mod::cpu
