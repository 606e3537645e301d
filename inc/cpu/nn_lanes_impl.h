// Vectors of the runtime's kernels: fused multiply-add where the processor has it, and the one tree
// in which the lanes of a sum are added. See cpu/kernels_impl.h for the rules of these headers.
#pragma once

#include "cpu/merge_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

#define MOD_INLINE __attribute__((always_inline)) inline

/// Keeps a vector in a register. Without it g++ 12 repeats a load as the memory operand of every
/// multiply-add that uses it, and the load ports decide: 71 against 100 GFLOP/s for the 4 x 3 tile.
MOD_INLINE void keep(Floats& v) {
#if defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__SSE2__)
  asm("" : "+x"(v));
#else
  (void)v;
#endif
}

/// a * b + c, rounded once where there is an instruction for it.
MOD_INLINE Floats multiply_add(Floats a, Floats b, Floats c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

MOD_INLINE Floats load(const float* p) { return load_wide<Floats, true>(p, kWide); }
MOD_INLINE void store(Floats v, float* p) { store_wide<true>(v, p, kWide); }

typedef float Four __attribute__((vector_size(16)));

/// Lane l of the result is the sum of all lanes of the l-th argument. The tree: lanes 8 apart, then
/// within each four lanes 2 apart and 1 apart, then lanes 4 apart.
MOD_INLINE Four add_lanes(Floats a, Floats b, Floats c, Floats d) {
#if defined(__AVX2__)
#if defined(__AVX512F__)
  const auto fold = [](Floats v) {
    return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  };
#else
  const auto fold = [](Floats v) { return v; };
#endif
  const __m256 a8 = fold(a), b8 = fold(b), c8 = fold(c), d8 = fold(d);
  const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a8, b8), _mm256_unpackhi_ps(a8, b8));
  const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c8, d8), _mm256_unpackhi_ps(c8, d8));
  const __m256 all =
      _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
  return _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
#else
  const auto sum = [](Floats v) { return (v[0] + v[2]) + (v[1] + v[3]); };
  return Four{sum(a), sum(b), sum(c), sum(d)};
#endif
}

MOD_INLINE float add_lanes(Floats v) { return add_lanes(v, v, v, v)[0]; }

/// The even lanes of a and b, then the odd ones.
MOD_INLINE void split_lanes(Floats a, Floats b, Floats& even, Floats& odd) {
#if defined(__AVX512F__)
  even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif defined(__AVX2__)
  even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
  odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
#else
  even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
  odd = __builtin_shufflevector(a, b, 1, 3, 5, 7);
#endif
}

/// The inverse of split_lanes.
MOD_INLINE void join_lanes(Floats even, Floats odd, Floats& a, Floats& b) {
#if defined(__AVX512F__)
  a = __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  b = __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                              31);
#elif defined(__AVX2__)
  a = __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
  b = __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  a = __builtin_shufflevector(even, odd, 0, 4, 1, 5);
  b = __builtin_shufflevector(even, odd, 2, 6, 3, 7);
#endif
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
