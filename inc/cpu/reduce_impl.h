// Reductions over one run of elements. See cpu/kernels_impl.h for the rules.
//
// Every sum has 16 fp64 lanes (element i goes to lane i mod 16), added at the end in one fixed
// tree. The lanes are held in named vectors: g++ 12 writes arrays of vectors back to the stack in
// every iteration. A NaN result is always the same NaN, since which of two NaN payloads survives an
// addition depends on the order in which the compiler names the operands.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "cpu/element_impl.h"
#include "cpu/kernels.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

// to_double by intrinsics: g++ 12 makes two half vectors of __builtin_convertvector.
#if defined(__AVX512F__)
constexpr int kDoubles = 8;
typedef double DoubleVector __attribute__((vector_size(64)));
typedef float FloatVector __attribute__((vector_size(32)));
inline DoubleVector to_double(FloatVector v) { return _mm512_maskz_cvtps_pd(0xff, v); }
#elif defined(__AVX2__)
constexpr int kDoubles = 4;
typedef double DoubleVector __attribute__((vector_size(32)));
typedef float FloatVector __attribute__((vector_size(16)));
inline DoubleVector to_double(FloatVector v) { return _mm256_cvtps_pd(v); }
#elif defined(__SSE2__)
constexpr int kDoubles = 2;
typedef double DoubleVector __attribute__((vector_size(16)));
typedef float FloatVector __attribute__((vector_size(16)));  // the upper two are zero
inline DoubleVector to_double(FloatVector v) { return _mm_cvtps_pd(v); }
#else
constexpr int kDoubles = 2;
typedef double DoubleVector __attribute__((vector_size(16)));
typedef float FloatVector __attribute__((vector_size(8)));
inline DoubleVector to_double(FloatVector v) { return __builtin_convertvector(v, DoubleVector); }
#endif
constexpr int kLanes = 16;
constexpr int kVectors = kLanes / kDoubles;

inline FloatVector load(const float* x) {
#if defined(__SSE2__) && !defined(__AVX2__)
  return _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i_u*>(x)));
#else
  FloatVector v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
#endif
}

inline double add_lanes(const double* lane) {
  double half[8];
  for (int l = 0; l < 8; ++l) half[l] = lane[l] + lane[l + 8];
  for (int l = 0; l < 4; ++l) half[l] += half[l + 4];
  const double sum = (half[0] + half[2]) + (half[1] + half[3]);
  return sum != sum ? __builtin_nan("") : sum;
}

/// Sum of term.vector(i) and term.single(i) over 0 <= i < n.
template <class Term>
inline double sum_terms(std::size_t n, Term term) {
  DoubleVector a0 = {}, a1 = {}, a2 = {}, a3 = {}, a4 = {}, a5 = {}, a6 = {}, a7 = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    a0 += term.vector(i);
    a1 += term.vector(i + 1 * kDoubles);
    if constexpr (kVectors > 2) {
      a2 += term.vector(i + 2 * kDoubles);
      a3 += term.vector(i + 3 * kDoubles);
    }
    if constexpr (kVectors > 4) {
      a4 += term.vector(i + 4 * kDoubles);
      a5 += term.vector(i + 5 * kDoubles);
      a6 += term.vector(i + 6 * kDoubles);
      a7 += term.vector(i + 7 * kDoubles);
    }
  }
  const DoubleVector all[8] = {a0, a1, a2, a3, a4, a5, a6, a7};
  double lane[kLanes];
  __builtin_memcpy(lane, all, sizeof lane);
  for (int l = 0; i < n; ++i, ++l) lane[l] += term.single(i);
  return add_lanes(lane);
}

struct SumTerm {
  const float* x;
  DoubleVector vector(std::size_t i) const { return to_double(load(x + i)); }
  double single(std::size_t i) const { return x[i]; }
};

struct SumAbsTerm {
  const float* x;
  DoubleVector vector(std::size_t i) const {
    typedef std::int64_t Bits __attribute__((vector_size(kDoubles * 8)));
    const Bits keep = Bits{} + 0x7fffffffffffffff;
    return reinterpret_cast<DoubleVector>(reinterpret_cast<Bits>(to_double(load(x + i))) & keep);
  }
  double single(std::size_t i) const { return __builtin_fabs(static_cast<double>(x[i])); }
};

struct DotTerm {
  const float *x, *y;
  DoubleVector vector(std::size_t i) const {
    return to_double(load(x + i)) * to_double(load(y + i));
  }
  double single(std::size_t i) const {
    return static_cast<double>(x[i]) * static_cast<double>(y[i]);
  }
};

struct SquaredDistanceTerm {
  const float *x, *y;
  DoubleVector vector(std::size_t i) const {
    const DoubleVector d = to_double(load(x + i) - load(y + i));
    return d * d;
  }
  double single(std::size_t i) const {
    const double d = x[i] - y[i];
    return d * d;
  }
};

struct DotDeltaTerm {
  const float *x, *y, *b;
  DoubleVector vector(std::size_t i) const {
    const FloatVector base = load(b + i);
    return to_double(load(x + i) - base) * to_double(load(y + i) - base);
  }
  double single(std::size_t i) const {
    const float dx = x[i] - b[i], dy = y[i] - b[i];
    return static_cast<double>(dx) * static_cast<double>(dy);
  }
};

double sum(const float* x, std::size_t n) noexcept { return sum_terms(n, SumTerm{x}); }
double sum_abs(const float* x, std::size_t n) noexcept { return sum_terms(n, SumAbsTerm{x}); }
double dot(const float* x, const float* y, std::size_t n) noexcept {
  return sum_terms(n, DotTerm{x, y});
}
double squared_distance(const float* x, const float* y, std::size_t n) noexcept {
  return sum_terms(n, SquaredDistanceTerm{x, y});
}
double dot_delta(const float* x, const float* y, const float* b, std::size_t n) noexcept {
  return sum_terms(n, DotDeltaTerm{x, y, b});
}

// Smallest and largest: x < m ? x : m, lane by lane, so that a NaN in x changes nothing (this is
// what the instruction does when m is its second operand). 16 fp32 lanes and the same tree for
// every set, because -0 and +0 are equal and the order decides which of them comes back.
#if defined(__AVX512F__)
typedef __m512 MinMaxVector;
inline MinMaxVector smaller(MinMaxVector x, MinMaxVector m) {
  return _mm512_maskz_min_ps(0xffff, x, m);
}
inline MinMaxVector larger(MinMaxVector x, MinMaxVector m) {
  return _mm512_maskz_max_ps(0xffff, x, m);
}
#elif defined(__AVX2__)
typedef __m256 MinMaxVector;
inline MinMaxVector smaller(MinMaxVector x, MinMaxVector m) { return _mm256_min_ps(x, m); }
inline MinMaxVector larger(MinMaxVector x, MinMaxVector m) { return _mm256_max_ps(x, m); }
#elif defined(__SSE2__)
typedef __m128 MinMaxVector;
inline MinMaxVector smaller(MinMaxVector x, MinMaxVector m) { return _mm_min_ps(x, m); }
inline MinMaxVector larger(MinMaxVector x, MinMaxVector m) { return _mm_max_ps(x, m); }
#else
typedef float MinMaxVector __attribute__((vector_size(16)));
inline MinMaxVector smaller(MinMaxVector x, MinMaxVector m) { return x < m ? x : m; }
inline MinMaxVector larger(MinMaxVector x, MinMaxVector m) { return x > m ? x : m; }
#endif
constexpr int kFloats = static_cast<int>(sizeof(MinMaxVector) / sizeof(float));
typedef std::int32_t NanVector __attribute__((vector_size(sizeof(MinMaxVector))));

struct MinMaxLanes {
  MinMaxVector min, max;
  NanVector nan;

  void take(const float* x) {
    MinMaxVector v;
    __builtin_memcpy(&v, x, sizeof v);
    min = smaller(v, min);
    max = larger(v, max);
    nan |= v != v;
  }
};

inline void take(MinMax& r, float low, float high) {
  r.min = low < r.min ? low : r.min;
  r.max = high > r.max ? high : r.max;
}

MinMax min_max(const float* x, std::size_t n) noexcept {
  const float inf = __builtin_inff();
  const MinMaxVector high = MinMaxVector{} + inf;
  MinMaxLanes a0{high, -high, {}}, a1 = a0, a2 = a0, a3 = a0;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    a0.take(x + i);
    if constexpr (kFloats < 16) a1.take(x + i + kFloats);
    if constexpr (kFloats < 8) a2.take(x + i + 2 * kFloats), a3.take(x + i + 3 * kFloats);
  }
  const MinMaxVector all_min[4] = {a0.min, a1.min, a2.min, a3.min};
  const MinMaxVector all_max[4] = {a0.max, a1.max, a2.max, a3.max};
  const NanVector nan = a0.nan | a1.nan | a2.nan | a3.nan;
  float min[kLanes], max[kLanes];
  __builtin_memcpy(min, all_min, sizeof min);
  __builtin_memcpy(max, all_max, sizeof max);
  MinMax r{inf, -inf, false};
  for (int l = 0; l < kLanes; ++l) take(r, min[l], max[l]);
  for (int l = 0; l < kFloats; ++l) r.has_nan |= nan[l] != 0;
  for (; i < n; ++i) {
    take(r, x[i], x[i]);
    r.has_nan |= x[i] != x[i];
  }
  return r;
}

/// Squares summed in fp32 over 8 steps of 16 lanes, then in fp64: a third of the conversions.
double near_squared_distance(const float* x, const float* y, std::size_t n) noexcept {
  constexpr std::size_t kGroup = 8 * kLanes;
  DoubleVector a[kVectors] = {};
  std::size_t i = 0;
  for (; i + kGroup <= n; i += kGroup) {
    MinMaxVector s0 = {}, s1 = {}, s2 = {}, s3 = {};
    const auto add = [&](MinMaxVector& s, std::size_t at) {
      MinMaxVector u, v;
      __builtin_memcpy(&u, x + at, sizeof u);
      __builtin_memcpy(&v, y + at, sizeof v);
      const MinMaxVector d = u - v;
      s += d * d;
    };
    for (std::size_t at = i; at < i + kGroup; at += kLanes) {
      add(s0, at);
      if constexpr (kFloats < 16) add(s1, at + kFloats);
      if constexpr (kFloats < 8) add(s2, at + 2 * kFloats), add(s3, at + 3 * kFloats);
    }
    const MinMaxVector all[4] = {s0, s1, s2, s3};
    float lane[kLanes];
    __builtin_memcpy(lane, all, sizeof lane);
    for (int v = 0; v < kVectors; ++v) a[v] += to_double(load(lane + v * kDoubles));
  }
  double lane[kLanes];
  __builtin_memcpy(lane, a, sizeof lane);
  for (int l = 0; i < n; ++i, l = (l + 1) % kLanes) {
    const double d = x[i] - y[i];
    lane[l] += d * d;
  }
  return add_lanes(lane);
}

/// Counts in 32 bits for as long as they cannot overflow: twice as many lanes as 64-bit counters.
template <class Test>
inline std::size_t count(std::size_t n, Test test) {
  constexpr std::size_t kBlock = std::size_t{1} << 30;
  std::size_t total = 0;
  for (std::size_t from = 0; from < n; from += kBlock) {
    const std::size_t to = n - from < kBlock ? n : from + kBlock;
    std::uint32_t found = 0;
    for (std::size_t i = from; i < to; ++i) found += test(i);
    total += found;
  }
  return total;
}

std::size_t count_nonfinite(const float* in, std::size_t n) noexcept {
  const U32Element* x = reinterpret_cast<const U32Element*>(in);
  return count(n, [x](std::size_t i) { return (x[i] & 0x7f800000u) == 0x7f800000u ? 1u : 0u; });
}

std::size_t count_nonzero(const float* in, std::size_t n) noexcept {
  const U32Element* x = reinterpret_cast<const U32Element*>(in);
  return count(n, [x](std::size_t i) { return (x[i] & 0x7fffffffu) != 0 ? 1u : 0u; });
}

std::size_t count_different(const float* a, const float* b, std::size_t n) noexcept {
  const U32Element* x = reinterpret_cast<const U32Element*>(a);
  const U32Element* y = reinterpret_cast<const U32Element*>(b);
  return count(n, [x, y](std::size_t i) {
    const std::uint32_t nan_x = (x[i] & 0x7fffffffu) > 0x7f800000u ? 1u : 0u;
    const std::uint32_t nan_y = (y[i] & 0x7fffffffu) > 0x7f800000u ? 1u : 0u;
    return (x[i] != y[i] ? 1u : 0u) & ~(nan_x & nan_y);
  });
}

constexpr ReduceKernels make_reduce_kernels() {
  return {
      sum,     sum_abs,         dot,           squared_distance, near_squared_distance, dot_delta,
      min_max, count_nonfinite, count_nonzero, count_different};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
