// Products of weight matrices with activations: decode (1 token), small batches and prefill.
// Weights are read as the checkpoint stores them; activations and accumulation are fp32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cpu/context.h"
#include "mod/dtype.h"

namespace mod::nn {

/// A weight matrix as a checkpoint stores it: row-major [rows, columns]; y = W x. BF16, F16 or F32.
/// The bytes need only the alignment of their element. Not owned.
struct Matrix {
  const std::byte* data = nullptr;
  DType dtype = DType::BF16;
  std::uint64_t rows = 0, columns = 0;
};

/// One product of a job list: y[t * ldy + r] = bias[r] + sum over c of W[r][c] x[t * ldx + c], for
/// t < tokens. bias is fp32 and may be null.
struct Product {
  Matrix w;
  const float* bias = nullptr;
  float* y = nullptr;
  std::size_t ldy = 0;
};

/// Computes all products of the list with one partition of their rows (q, k and v are one call;
/// gate and up are one). All share x and so have the same number of columns; Error(kInternal) for
/// other lists and other element types. y must not overlap x or another y.
///
/// Every result is one chain of multiply-adds in the order of the columns in each lane of a vector,
/// then one fixed tree over the lanes, whatever path computes it. So its bits depend on the
/// instruction set only: not on threads, nor on the number of tokens in the call, nor on what else
/// is in the list; decode, small batches and prefill in any chunks agree bit for bit. That costs
/// nothing measurable, hence it holds without `deterministic` too. May be called from several
/// threads at a time.
void matmul(std::span<const Product> products, const float* x, std::size_t ldx, std::size_t tokens,
            const Context& context, bool deterministic = false);

}  // namespace mod::nn
