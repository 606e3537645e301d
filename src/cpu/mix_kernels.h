// Kernels over rows of logits and log-probabilities, for mixing distributions (src/mix). Each works
// on a piece of a row; mix/rows.h cuts rows into pieces of fixed size and joins the pieces in
// order, so that no bit depends on threads. The rules of cpu/nn_kernels.h hold: y may be one of the
// rows.
#pragma once

#include <cstddef>

namespace mod::cpu {

/// Sums over s = scale * x relative to the piece's largest s: they join without loss.
struct Moments {
  float most;     // largest s; -inf where there is none; a NaN is never the largest
  double sum;     // sum e^(s - most); 0 where every s is -inf; NaN where an s is NaN or +inf
  double spread;  // sum e^(s - most) (s - most)
};

struct MixKernels {
  /// y = ln x: within 1 ulp over all positive floats; 0 gives -inf, a negative number NaN.
  void (*log)(const float* x, float* y, std::size_t n) noexcept;
  void (*moments)(const float* x, float scale, std::size_t n, Moments* result) noexcept;
  /// y = (scale x - most) - log_sum.
  void (*shift)(const float* x, float scale, float most, float log_sum, float* y,
                std::size_t n) noexcept;
  /// y = (1 / rho) (ln sum_k e^(log_weights[k] + rho rows[k]) - ln sum_k e^log_weights[k]), the
  /// terms added in order of k; rho is finite and not 0. Where all rows hold the same number y is
  /// that number, bit by bit. With rho < 0 a row of -inf gives -inf. 1 <= experts.
  void (*power_mean)(const float* const* rows, const float* log_weights, std::size_t experts,
                     float rho, float* y, std::size_t n) noexcept;
  /// y = sum_k exponents[k] rows[k]; -inf where a row is -inf or rows[0] < cut. Where all rows hold
  /// the same number and the exponents sum to 1, y is that number, bit by bit. 1 <= experts.
  void (*signed_sum)(const float* const* rows, const double* exponents, std::size_t experts,
                     float cut, float* y, std::size_t n) noexcept;
  /// y = the largest (or smallest) of the rows; NaN where a row is NaN.
  void (*extreme)(const float* const* rows, std::size_t experts, bool largest, float* y,
                  std::size_t n) noexcept;
  /// The largest element; -inf where there is none. NaN is never the largest.
  float (*largest)(const float* x, std::size_t n) noexcept;
  /// How many elements (fewer than 2^31) are larger than `value`, or also those equal to it.
  std::size_t (*count_above)(const float* x, float value, bool or_equal, std::size_t n) noexcept;
};

}  // namespace mod::cpu
