// Element access for the kernel bodies: no alignment is assumed and any type may lie underneath, so
// that bytes straight from a file can be read in place. See cpu/kernels_impl.h for the rules.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

typedef std::uint8_t U8Element __attribute__((may_alias));
typedef std::uint16_t U16Element __attribute__((aligned(1), may_alias));
typedef std::uint32_t U32Element __attribute__((aligned(1), may_alias));
typedef float F32Element __attribute__((aligned(1), may_alias));
typedef double F64Element __attribute__((aligned(1), may_alias));

inline float float_from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline std::uint32_t bits_from_float(float x) { return __builtin_bit_cast(std::uint32_t, x); }

/// yes or no without a branch: g++ will not turn a branch around a float operation into a select,
/// and then leaves the whole loop scalar (F8_E4M3 1.7 against 0.4 ns an element with SSE2).
inline std::uint32_t select(bool condition, std::uint32_t yes, std::uint32_t no) {
  const std::uint32_t mask = 0u - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

/// A finite number of a smaller format, sign stripped, to fp32 bits. A denormal gets the exponent
/// of the smallest normal number, which is then subtracted: exact, and free of fp32 denormals,
/// which are slow on some processors.
template <int kMantissaBits, int kBias>
inline std::uint32_t widen_finite(std::uint32_t magnitude) {
  constexpr std::uint32_t kRebias = static_cast<std::uint32_t>(127 - kBias) << 23;
  constexpr std::uint32_t kSmallest = kRebias + (1u << 23);
  const std::uint32_t shifted = magnitude << (23 - kMantissaBits);
  const float denormal = float_from_bits(shifted + kSmallest) - float_from_bits(kSmallest);
  return select(magnitude < (1u << kMantissaBits), bits_from_float(denormal), shifted + kRebias);
}

inline std::uint32_t f16_to_f32_bits(std::uint32_t half) {
  const std::uint32_t magnitude = half & 0x7fffu;
  const std::uint32_t infinite = 0x7f800000u | (magnitude << 13);
  const std::uint32_t special = select(magnitude > 0x7c00u, infinite | 0x00400000u, infinite);
  return (half & 0x8000u) << 16 |
         select(magnitude >= 0x7c00u, special, widen_finite<10, 15>(magnitude));
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
