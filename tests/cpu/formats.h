// The number formats, defined once more for the tests: field by field and exact, sharing nothing
// with src/cpu.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace mod::cpu::testing {

inline std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
inline float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }

/// A float format with `kExponent` exponent bits, `kMantissa` mantissa bits and the IEEE bias.
template <int kExponent, int kMantissa>
double decode_finite(std::uint32_t code) {
  constexpr int kBias = (1 << (kExponent - 1)) - 1;
  const int exponent = static_cast<int>(code >> kMantissa) & ((1 << kExponent) - 1);
  const int mantissa = static_cast<int>(code) & ((1 << kMantissa) - 1);
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, 1 - kBias - kMantissa)
                    : std::ldexp((1 << kMantissa) + mantissa, exponent - kBias - kMantissa);
  return (code >> (kExponent + kMantissa)) & 1 ? -magnitude : magnitude;
}

/// F16 to the bits of its fp32: a NaN keeps sign and payload and becomes quiet.
inline std::uint32_t f16_widened(std::uint32_t code) {
  const std::uint32_t sign = (code >> 15) << 31, mantissa = code & 0x3ff;
  if (((code >> 10) & 31) != 31) return bits_of(static_cast<float>(decode_finite<5, 10>(code)));
  if (mantissa == 0) return sign | 0x7f800000;
  return sign | 0x7fc00000 | mantissa << 13;
}

inline std::uint32_t e5m2_widened(std::uint32_t code) {
  const std::uint32_t sign = (code >> 7) << 31, mantissa = code & 3;
  if (((code >> 2) & 31) != 31) return bits_of(static_cast<float>(decode_finite<5, 2>(code)));
  if (mantissa == 0) return sign | 0x7f800000;
  return sign | 0x7fc00000 | mantissa << 21;
}

inline std::uint32_t e4m3_widened(std::uint32_t code) {
  if ((code & 0x7f) == 0x7f) return (code >> 7) << 31 | 0x7fc00000;
  return bits_of(static_cast<float>(decode_finite<4, 3>(code)));
}

/// value * 2^-shift, to nearest even.
inline std::uint32_t shift_to_nearest(std::uint32_t value, int shift) {
  if (shift > 31) return 0;
  const std::uint64_t unit = std::uint64_t{1} << shift, rest = value % unit;
  const std::uint32_t floor = static_cast<std::uint32_t>(value / unit);
  if (2 * rest < unit) return floor;
  return 2 * rest > unit ? floor + 1 : floor + floor % 2;
}

/// fp32 bits to F16: nearest even, overflow to infinity, NaN quiet with sign and upper payload.
inline std::uint16_t f16_narrowed(std::uint32_t bits) {
  const std::uint32_t sign = (bits >> 31) << 15, fraction = bits & 0x7fffff;
  const int field = static_cast<int>(bits >> 23) & 255;
  if (field == 255) {
    return static_cast<std::uint16_t>(sign | (fraction == 0 ? 0x7c00 : 0x7e00 | fraction >> 13));
  }
  const int exponent = (field == 0 ? 1 : field) - 127;
  if (exponent > 15) return static_cast<std::uint16_t>(sign | 0x7c00);
  const std::uint32_t significand = field == 0 ? fraction : fraction | 0x800000;
  if (exponent < -14) {
    return static_cast<std::uint16_t>(sign | shift_to_nearest(significand, 13 + (-14 - exponent)));
  }
  // The hidden bit adds one to the exponent; a carry out of the mantissa does too.
  const std::uint32_t lifted = static_cast<std::uint32_t>(exponent + 14) << 10;
  return static_cast<std::uint16_t>(sign | (lifted + shift_to_nearest(significand, 13)));
}

/// fp32 bits to BF16: nearest even, NaN 0x7FC0 with its sign, denormals kept.
inline std::uint16_t bf16_narrowed(std::uint32_t bits) {
  if (std::isnan(float_of(bits))) return bits >> 31 ? 0xffc0 : 0x7fc0;
  return static_cast<std::uint16_t>(shift_to_nearest(bits, 16));
}

}  // namespace mod::cpu::testing
