// Element-wise kernels of the merge methods. See cpu/kernels.h for the common rules. In-place use is
// allowed (an output may be one of the inputs).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mod::cpu {

/// A position in the total order "smaller key first, equal keys by lower index". Element e with key k
/// precedes the cut iff (k, e) < (key, index).
struct Cut {
  std::uint32_t key = 0;
  std::uint64_t index = 0;
};

struct MergeKernels {
  void (*scale)(float a, const float* x, float* y, std::size_t n) noexcept;                  // y = a x
  void (*add_scaled)(float a, const float* x, float* y, std::size_t n) noexcept;             // y += a x
  void (*subtract)(const float* x, const float* b, float* d, std::size_t n) noexcept;        // d = x - b
  void (*blend)(float a, const float* x, float b, const float* y, float* out,
                std::size_t n) noexcept;                                                     // a x + b y

  /// Order keys: descending magnitude (NaN first), and ascending value (NaN last, -0 before +0 equal).
  void (*magnitude_keys)(const float* d, std::uint32_t* keys, std::size_t n) noexcept;
  void (*value_keys)(const float* x, std::uint32_t* keys, std::size_t n) noexcept;

  /// d[i] = 0 where element first+i does not lie in [from, to) of the magnitude order.
  void (*keep_between)(float* d, std::size_t n, std::uint64_t first, Cut from, Cut to) noexcept;

  /// d[i] = words[i] < limit ? d[i] : 0   (limit up to 2^32)
  void (*keep_drawn)(float* d, const std::uint32_t* words, std::uint64_t limit, std::size_t n) noexcept;

  /// Consensus of `models` weighted deltas v[m][n] with weights w[m]: sign of the sum (+ for 0), sum of
  /// the entries that have it, and the sum of their weights (exact zeros replaced by 1) in divisor.
  /// taken[m] += entries of model m that were kept. v is overwritten.
  void (*consensus)(float* const* v, const float* w, int models, float* sum, float* divisor,
                    std::size_t n) noexcept;

  /// y = b + lambda * s, and y = b + lambda * (s / divisor).
  void (*apply_delta)(const float* b, float lambda, const float* s, float* y, std::size_t n) noexcept;
  void (*apply_divided)(const float* b, float lambda, const float* s, const float* divisor, float* y,
                        std::size_t n) noexcept;

  /// y[i] = choice[i] == m ? x[m][i]; choice holds model numbers below `models`.
  void (*select)(const float* const* x, const std::uint8_t* choice, int models, float* y,
                 std::size_t n) noexcept;
};

}  // namespace mod::cpu
