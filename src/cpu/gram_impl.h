// Three inner products in one pass over two tensors. See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/reduce_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

/// One vector of lanes of each product; the same lanes as dot() and dot_delta() have.
struct GramLanes {
  DoubleVector xx = {}, yy = {}, xy = {};

  template <bool kDelta>
  void take(const float* x, const float* y, const float* b) {
    FloatVector fx = load(x), fy = load(y);
    if constexpr (kDelta) {
      const FloatVector fb = load(b);
      fx -= fb;
      fy -= fb;
    }
    const DoubleVector dx = to_double(fx), dy = to_double(fy);
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
};

/// Four vectors of lanes at a time: their twelve sums stay in registers.
constexpr int kGramVectors = kVectors < 4 ? kVectors : 4;

template <bool kDelta>
inline void gram_part(const float* x, const float* y, const float* b, std::size_t whole,
                      double (*lane)[kLanes], int first) {
  GramLanes a0, a1, a2, a3;
  for (std::size_t i = static_cast<std::size_t>(first); i < whole; i += kLanes) {
    const auto take = [&](GramLanes& lanes, int v) __attribute__((always_inline)) {
      const std::size_t at = i + static_cast<std::size_t>(v * kDoubles);
      lanes.template take<kDelta>(x + at, y + at, kDelta ? b + at : nullptr);
    };
    take(a0, 0);
    take(a1, 1);
    if constexpr (kGramVectors > 2) take(a2, 2), take(a3, 3);
  }
  const GramLanes all[4] = {a0, a1, a2, a3};
  for (int v = 0; v < kGramVectors; ++v) {
    __builtin_memcpy(lane[0] + first + v * kDoubles, &all[v].xx, sizeof(DoubleVector));
    __builtin_memcpy(lane[1] + first + v * kDoubles, &all[v].yy, sizeof(DoubleVector));
    __builtin_memcpy(lane[2] + first + v * kDoubles, &all[v].xy, sizeof(DoubleVector));
  }
}

template <bool kDelta>
inline void gram_of(const float* x, const float* y, const float* b, double* out, std::size_t n) {
  double lane[3][kLanes];
  const std::size_t whole = n / kLanes * kLanes;
  for (int first = 0; first < kLanes; first += kGramVectors * kDoubles) {
    gram_part<kDelta>(x, y, b, whole, lane, first);
  }
  std::size_t i = whole;
  for (int l = 0; i < n; ++i, ++l) {
    const float fx = kDelta ? x[i] - b[i] : x[i], fy = kDelta ? y[i] - b[i] : y[i];
    const double dx = fx, dy = fy;
    lane[0][l] += dx * dx;
    lane[1][l] += dy * dy;
    lane[2][l] += dx * dy;
  }
  for (int p = 0; p < 3; ++p) out[p] = add_lanes(lane[p]);
}

void gram(const float* x, const float* y, const float* b, double* out, std::size_t n) noexcept {
  b ? gram_of<true>(x, y, b, out, n) : gram_of<false>(x, y, b, out, n);
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
