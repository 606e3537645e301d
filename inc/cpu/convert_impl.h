// Number formats to fp32 and back. See cpu/kernels_impl.h for the rules.
//
// The loops are plain so that the compiler vectorises them; every branch is a select. F16 has an
// instruction where F16C exists; the integer code gives the same bits, NaN payloads included.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__F16C__)
#include <immintrin.h>
#endif

#include "cpu/element_impl.h"
#include "cpu/kernels.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

inline std::uint32_t e4m3_to_f32_bits(std::uint32_t byte) {
  const std::uint32_t magnitude = byte & 0x7fu;
  return (byte & 0x80u) << 24 |
         select(magnitude == 0x7fu, 0x7fc00000u, widen_finite<3, 7>(magnitude));
}

inline std::uint32_t f32_to_bf16_bits(std::uint32_t bits) {
  const float x = float_from_bits(bits);
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t nan = ((bits >> 16) & 0x8000u) | 0x7fc0u;
  return x != x ? nan : rounded;
}

inline std::uint32_t f32_to_f16_bits(std::uint32_t bits) {
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  // The last place of 0.5 is the unit of the fp16 denormals: the addition does the rounding.
  const std::uint32_t denormal =
      bits_from_float(float_from_bits(magnitude) + 0.5f) - bits_from_float(0.5f);
  const std::uint32_t finite = select(magnitude < 0x38800000u, denormal, normal);
  const std::uint32_t limited = select(magnitude >= 0x477ff000u, 0x7c00u, finite);
  const std::uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  return ((bits >> 16) & 0x8000u) | select(magnitude > 0x7f800000u, nan, limited);
}

void widen_f64(const void* in, float* out, std::size_t n) noexcept {
  const F64Element* __restrict x = static_cast<const F64Element*>(in);
  F32Element* __restrict y = out;
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]);
}

void narrow_f64(const float* in, void* out, std::size_t n) noexcept {
  const F32Element* __restrict x = in;
  F64Element* __restrict y = static_cast<F64Element*>(out);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<double>(x[i]);
}

void widen_f32(const void* in, float* out, std::size_t n) noexcept {
  if (n != 0) __builtin_memcpy(out, in, n * sizeof(float));
}

void narrow_f32(const float* in, void* out, std::size_t n) noexcept {
  if (n != 0) __builtin_memcpy(out, in, n * sizeof(float));
}

void widen_bf16(const void* in, float* out, std::size_t n) noexcept {
  const U16Element* __restrict x = static_cast<const U16Element*>(in);
  U32Element* __restrict y = reinterpret_cast<U32Element*>(out);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<std::uint32_t>(x[i]) << 16;
}

void narrow_bf16(const float* in, void* out, std::size_t n) noexcept {
  const U32Element* __restrict x = reinterpret_cast<const U32Element*>(in);
  U16Element* __restrict y = static_cast<U16Element*>(out);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<std::uint16_t>(f32_to_bf16_bits(x[i]));
}

void round_to_bf16(float* x, std::size_t n) noexcept {
  U32Element* y = reinterpret_cast<U32Element*>(x);
  for (std::size_t i = 0; i < n; ++i) y[i] = f32_to_bf16_bits(y[i]) << 16;
}

void widen_f16(const void* in, float* out, std::size_t n) noexcept {
  const U16Element* __restrict x = static_cast<const U16Element*>(in);
  U32Element* __restrict y = reinterpret_cast<U32Element*>(out);
  std::size_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(reinterpret_cast<float*>(y + i),
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i_u*>(x + i))));
  }
#endif
  for (; i < n; ++i) y[i] = f16_to_f32_bits(x[i]);
}

void narrow_f16(const float* in, void* out, std::size_t n) noexcept {
  const U32Element* __restrict x = reinterpret_cast<const U32Element*>(in);
  U16Element* __restrict y = static_cast<U16Element*>(out);
  std::size_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i_u*>(y + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(reinterpret_cast<const float*>(x + i)),
                                     _MM_FROUND_TO_NEAREST_INT));
  }
#endif
  for (; i < n; ++i) y[i] = static_cast<std::uint16_t>(f32_to_f16_bits(x[i]));
}

#if defined(__F16C__)
inline __m128i load_bytes(const U8Element* x) {
  return _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i_u*>(x)));
}
#endif

void widen_e4m3(const void* in, float* out, std::size_t n) noexcept {
  const U8Element* __restrict x = static_cast<const U8Element*>(in);
  U32Element* __restrict y = reinterpret_cast<U32Element*>(out);
  std::size_t i = 0;
#if defined(__F16C__)
  // Moved to where an F16 has its exponent, the number is 2^8 too small; both steps are exact.
  const __m128i magnitude_bits = _mm_set1_epi16(0x7f), nan = _mm_set1_epi16(0x7e00);
  const __m256 scale = _mm256_set1_ps(256.0f);
  for (; i + 8 <= n; i += 8) {
    const __m128i byte = load_bytes(x + i);
    const __m128i magnitude = _mm_and_si128(byte, magnitude_bits);
    const __m128i is_nan = _mm_cmpeq_epi16(magnitude, magnitude_bits);
    const __m128i sign = _mm_slli_epi16(_mm_andnot_si128(magnitude_bits, byte), 8);
    const __m128i half = _mm_blendv_epi8(_mm_slli_epi16(magnitude, 7), nan, is_nan);
    _mm256_storeu_ps(reinterpret_cast<float*>(y + i),
                     _mm256_mul_ps(_mm256_cvtph_ps(_mm_or_si128(half, sign)), scale));
  }
#endif
  for (; i < n; ++i) y[i] = e4m3_to_f32_bits(x[i]);
}

/// E5M2 is the upper byte of an F16.
void widen_e5m2(const void* in, float* out, std::size_t n) noexcept {
  const U8Element* __restrict x = static_cast<const U8Element*>(in);
  U32Element* __restrict y = reinterpret_cast<U32Element*>(out);
  std::size_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(reinterpret_cast<float*>(y + i),
                     _mm256_cvtph_ps(_mm_slli_epi16(load_bytes(x + i), 8)));
  }
#endif
  for (; i < n; ++i) y[i] = f16_to_f32_bits(static_cast<std::uint32_t>(x[i]) << 8);
}

constexpr int index_of(DType dtype) { return static_cast<int>(dtype); }

constexpr ConvertKernels make_convert_kernels() {
  ConvertKernels k{};
  k.widen[index_of(DType::F64)] = widen_f64;
  k.widen[index_of(DType::F32)] = widen_f32;
  k.widen[index_of(DType::F16)] = widen_f16;
  k.widen[index_of(DType::BF16)] = widen_bf16;
  k.widen[index_of(DType::F8_E4M3)] = widen_e4m3;
  k.widen[index_of(DType::F8_E5M2)] = widen_e5m2;
  k.narrow[index_of(DType::F64)] = narrow_f64;
  k.narrow[index_of(DType::F32)] = narrow_f32;
  k.narrow[index_of(DType::F16)] = narrow_f16;
  k.narrow[index_of(DType::BF16)] = narrow_bf16;
  k.round_to_bf16 = round_to_bf16;
  return k;
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
