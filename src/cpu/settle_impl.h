// Results to their stored form: rounding, storing and the search for NaN and infinities in one pass
// over the elements. See cpu/kernels_impl.h for the rules.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "cpu/convert_impl.h"
#include "cpu/merge_vector_impl.h"
#include "cpu/reduce_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

template <DType dtype>
std::size_t settle(float* x, void* out, std::size_t n) noexcept {
  constexpr ConvertKernels convert = make_convert_kernels();
  constexpr int type = static_cast<int>(dtype);
  convert.narrow[type](x, out, n);
  convert.widen[type](out, x, n);
  return count_nonfinite(x, n);
}

/// The upper halves of two vectors of words, the lower halves being zero.
inline void store_upper_halves(Words a, Words b, std::uint16_t* out) {
#if defined(__AVX512F__)
  const __m512i wa = reinterpret_cast<__m512i>(a >> 16), wb = reinterpret_cast<__m512i>(b >> 16);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_maskz_cvtepi32_epi16(0xffff, wa));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 16),
                      _mm512_maskz_cvtepi32_epi16(0xffff, wb));
#elif defined(__AVX2__)
  const __m256i packed =
      _mm256_packus_epi32(reinterpret_cast<__m256i>(a >> 16), reinterpret_cast<__m256i>(b >> 16));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute4x64_epi64(packed, 0xd8));
#elif defined(__SSE2__)
  // Signed words survive the saturation of the only packing instruction that SSE2 has.
  const __m128i packed =
      _mm_packs_epi32(reinterpret_cast<__m128i>(reinterpret_cast<Ints>(a) >> 16),
                      reinterpret_cast<__m128i>(reinterpret_cast<Ints>(b) >> 16));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), packed);
#else
  for (std::size_t l = 0; l < kWide; ++l) {
    out[l] = static_cast<std::uint16_t>(a[l] >> 16);
    out[kWide + l] = static_cast<std::uint16_t>(b[l] >> 16);
  }
#endif
}

/// The bf16 nearest to each lane, in its upper half. Right for all but NaN.
inline Words rounded_to_bf16(Words bits) {
  return (bits + all(0x7fffu) + ((bits >> 16) & all(1u))) & all(0xffff0000u);
}

/// In runs of 64 elements: no number of a run that rounds to a finite one needs a second look, and
/// what is left is rare.
std::size_t settle_bf16(float* x, void* out, std::size_t n) noexcept {
  constexpr std::size_t kRun = 64;
  // From here on a magnitude is NaN, infinite, or rounds to infinity.
  const Ints limit = all(std::int32_t{0x7f7f8000}), magnitude = all(std::int32_t{0x7fffffff});
  auto* y = static_cast<std::uint16_t*>(out);
  std::size_t nonfinite = 0, i = 0;
  for (; i + kRun <= n; i += kRun) {
    Ints beyond = {};
    for (std::size_t at = i; at < i + kRun; at += 2 * kWide) {
      const Words a = load_wide<Words, true>(x + at, kWide);
      const Words b = load_wide<Words, true>(x + at + kWide, kWide);
      beyond |= ((reinterpret_cast<Ints>(a) & magnitude) >= limit) |
                ((reinterpret_cast<Ints>(b) & magnitude) >= limit);
    }
    if (any_lane(beyond)) {
      nonfinite += settle<DType::BF16>(x + i, y + i, kRun);
      continue;
    }
    for (std::size_t at = i; at < i + kRun; at += 2 * kWide) {
      const Words a = rounded_to_bf16(load_wide<Words, true>(x + at, kWide));
      const Words b = rounded_to_bf16(load_wide<Words, true>(x + at + kWide, kWide));
      store_wide<true>(a, x + at, kWide);
      store_wide<true>(b, x + at + kWide, kWide);
      store_upper_halves(a, b, y + at);
    }
  }
  return nonfinite + settle<DType::BF16>(x + i, y + i, n - i);
}

constexpr void add_settle_kernels(ConvertKernels& k) {
  k.settle[index_of(DType::F64)] = settle<DType::F64>;
  k.settle[index_of(DType::F32)] = settle<DType::F32>;
  k.settle[index_of(DType::F16)] = settle<DType::F16>;
  k.settle[index_of(DType::BF16)] = settle_bf16;
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
