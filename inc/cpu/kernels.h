// The table of compute kernels. One body for each operation is compiled per instruction set; all
// sets give the same bits: element-wise operations round once per operation (no contraction),
// reductions use 16 fixed lanes (element i goes to lane i mod 16) that are added in one fixed tree.
// Pointers need only the alignment of their element; n may be 0; outputs do not overlap inputs
// unless said. No kernel allocates, throws or keeps state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.h"
#include "cpu/isa.h"
#include "cpu/merge_kernels.h"
#include "mod/dtype.h"

namespace mod::cpu {

/// Exact widening to fp32 (F64 rounds to nearest even) and narrowing with one nearest-even
/// rounding. NaN narrows to the quiet NaN 0x7FC0 with its sign (bf16), denormals are kept, overflow
/// gives infinity.
struct ConvertKernels {
  using Widen = void (*)(const void* in, float* out, std::size_t n) noexcept;
  using Narrow = void (*)(const float* in, void* out, std::size_t n) noexcept;
  Widen widen[kDTypeCount];    // null for integer types
  Narrow narrow[kDTypeCount];  // null for integer and F8 types
  /// x[i] = the bf16 nearest to x[i], in place (compute: bf16).
  void (*round_to_bf16)(float* x, std::size_t n) noexcept;
};

struct MinMax {
  float min, max;  // of the elements that are not NaN; +inf, -inf if there are none
  bool has_nan;
};

/// Whole-tensor statistics over one run of elements; sums in fp64.
struct ReduceKernels {
  double (*sum)(const float* x, std::size_t n) noexcept;
  double (*sum_abs)(const float* x, std::size_t n) noexcept;
  double (*dot)(const float* x, const float* y, std::size_t n) noexcept;
  double (*squared_distance)(const float* x, const float* y,
                             std::size_t n) noexcept;  // (x-y in fp32)^2
  /// The same with squares summed in fp32 over runs of eight: relative error below 1e-6,
  /// differences below 1e-19 count as zero and above 1e19 as infinite. For reports, at a third of
  /// the cost.
  double (*near_squared_distance)(const float* x, const float* y, std::size_t n) noexcept;
  double (*dot_delta)(const float* x, const float* y, const float* b,
                      std::size_t n) noexcept;  // <x-b,y-b>
  MinMax (*min_max)(const float* x, std::size_t n) noexcept;
  std::size_t (*count_nonfinite)(const float* x, std::size_t n) noexcept;
  std::size_t (*count_nonzero)(const float* x, std::size_t n) noexcept;
  std::size_t (*count_different)(const float* x, const float* y,
                                 std::size_t n) noexcept;  // bits, NaN = NaN
};

/// Draws of base/random.h for elements first .. first+n-1 of one stream.
struct RandomKernels {
  void (*words)(RandomKey key, std::uint64_t first, std::uint32_t stream, RandomPurpose purpose,
                std::uint32_t* out, std::size_t n) noexcept;
};

struct Kernels {
  Isa isa;
  ConvertKernels convert;
  ReduceKernels reduce;
  RandomKernels random;
  MergeKernels merge;
};

/// The table of one instruction set, which must be supported by this machine.
const Kernels& kernels(Isa isa);

}  // namespace mod::cpu
