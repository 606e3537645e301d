// Reductions over one run of elements. See cpu/kernels_impl.h for the rules.
//
// Every sum has 16 fp64 lanes (element i goes to lane i mod 16), added at the end in one fixed tree.
// The lanes are held in named vectors: g++ 12 writes arrays of vectors back to the stack in every
// iteration. A NaN result is always the same NaN, since which of two NaN payloads survives an addition
// depends on the order in which the compiler names the operands.
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

#if defined(__AVX512F__)
constexpr int kDoubles = 8;
#elif defined(__AVX2__)
constexpr int kDoubles = 4;
#else
constexpr int kDoubles = 2;
#endif
constexpr int kLanes = 16;
constexpr int kVectors = kLanes / kDoubles;

typedef double DoubleVector __attribute__((vector_size(kDoubles * 8)));
typedef float FloatVector __attribute__((vector_size(kDoubles * 4)));

inline FloatVector load(const float* x) {
  FloatVector v;
  __builtin_memcpy(&v, x, sizeof v);
  return v;
}

inline DoubleVector to_double(FloatVector v) { return __builtin_convertvector(v, DoubleVector); }

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
  DoubleVector vector(std::size_t i) const { return to_double(load(x + i)) * to_double(load(y + i)); }
  double single(std::size_t i) const { return static_cast<double>(x[i]) * static_cast<double>(y[i]); }
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

MinMax min_max(const float* x, std::size_t n) noexcept {
  MinMax r{__builtin_inff(), -__builtin_inff(), false};
  for (std::size_t i = 0; i < n; ++i) {
    r.min = x[i] < r.min ? x[i] : r.min;
    r.max = x[i] > r.max ? x[i] : r.max;
    r.has_nan |= x[i] != x[i];
  }
  return r;
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
  return {sum,     sum_abs,         dot,           squared_distance, dot_delta,
          min_max, count_nonfinite, count_nonzero, count_different};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
