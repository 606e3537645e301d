// One vector of elements as the merge kernels see it, and the loop over a run. The last, partial
// vector is padded with zeros. See cpu/kernels_impl.h for the rules.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "cpu/element_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t kWide = 16;
#elif defined(__AVX2__)
constexpr std::size_t kWide = 8;
#else
constexpr std::size_t kWide = 4;
#endif

typedef float Floats __attribute__((vector_size(kWide * 4)));
typedef std::int32_t Ints __attribute__((vector_size(kWide * 4)));
typedef std::uint32_t Words __attribute__((vector_size(kWide * 4)));
typedef std::uint16_t Shorts __attribute__((vector_size(kWide * 2)));
typedef std::uint8_t Bytes __attribute__((vector_size(kWide)));

/// `n` elements from p; Whole: n is kWide and known to the compiler.
template <class Vector, bool Whole, class Element>
inline Vector load_wide(const Element* p, std::size_t n) {
  Vector v = {};
  __builtin_memcpy(&v, p, Whole ? sizeof v : n * sizeof(Element));
  return v;
}

template <bool Whole, class Vector, class Element>
inline void store_wide(Vector v, Element* p, std::size_t n) {
  __builtin_memcpy(p, &v, Whole ? sizeof v : n * sizeof(Element));
}

struct WholeVector {
  static constexpr bool kWhole = true;
};
struct PartVector {
  static constexpr bool kWhole = false;
};

/// A loop body has two call sites and must be inlined at both.
#define MOD_BODY __attribute__((always_inline))

/// Calls body(tag, i, count) for the vectors of a run: elements i .. i + count - 1.
template <class Body>
inline void for_vectors(std::size_t n, Body body) {
  std::size_t i = 0;
  for (; i + kWide <= n; i += kWide) body(WholeVector{}, i, kWide);
  if (i < n) body(PartVector{}, i, n - i);
}

inline Ints bits_of(Floats v) { return reinterpret_cast<Ints>(v); }
inline Floats floats_of(Ints v) { return reinterpret_cast<Floats>(v); }
inline Floats all(float x) { return x - Floats{}; }  // keeps -0
inline Ints all(std::int32_t x) { return Ints{} + x; }
inline Words all(std::uint32_t x) { return Words{} + x; }
/// v where the mask is -1, +0 where it is 0.
inline Floats masked(Ints mask, Floats v) { return floats_of(mask & bits_of(v)); }

/// -1 where a flag is not 0. g++ 12 widens and narrows bytes through memory unless told how.
template <bool Whole>
inline Ints flag_mask(const std::uint8_t* flags, std::size_t n) {
  if constexpr (Whole) {
#if defined(__AVX512F__)
    __m128i bytes;
    __builtin_memcpy(&bytes, flags, sizeof bytes);
    return reinterpret_cast<Ints>(_mm512_maskz_cvtepi8_epi32(0xffff, bytes)) != 0;
#elif defined(__AVX2__)
    return reinterpret_cast<Ints>(
               _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(flags)))) != 0;
#endif
  }
  return __builtin_convertvector(load_wide<Bytes, Whole>(flags, n), Ints) != 0;
}

/// flags = 1 where the mask is -1, 0 where it is 0.
template <bool Whole>
inline void store_flags(Ints mask, std::uint8_t* flags, std::size_t n) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (Whole) {
    const __m256i m = reinterpret_cast<__m256i>(mask);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(flags), bytes);
    return;
  }
#endif
  store_wide<Whole>(__builtin_convertvector(mask & 1, Bytes), flags, n);
}

inline std::size_t add_up(Ints counts) {
  std::size_t sum = 0;
  for (std::size_t l = 0; l < kWide; ++l) sum += static_cast<std::uint32_t>(counts[l]);
  return sum;
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
