// exp, tanh and the normal distribution function of a vector. No -ffast-math: NaN, infinities and
// denormals come out as they should. The polynomials are minimax fits (Remez) of our own; the
// errors stated are the largest over dense sweeps (tests/cpu/nn_math_test.cpp) with fused
// multiply-add. See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/nn_lanes_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

/// yes where the mask is -1, no where it is 0.
MOD_INLINE Floats choose(Ints mask, Floats yes, Floats no) {
  return floats_of((mask & bits_of(yes)) | (~mask & bits_of(no)));
}

/// The smaller and the larger one; b where a or b is NaN (as the instructions do).
MOD_INLINE Floats smaller(Floats a, Floats b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#else
  return choose(a < b, a, b);
#endif
}
MOD_INLINE Floats larger(Floats a, Floats b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return choose(a > b, a, b);
#endif
}

MOD_INLINE Floats absolute(Floats x) { return floats_of(bits_of(x) & 0x7fffffff); }

MOD_INLINE Floats power_of_two(Ints n) { return floats_of((n + 127) << 23); }

/// e^x: below 1.1 ulp, denormal results included. x = n ln 2 + r; e^r = 1 + r + r^2 q(r).
MOD_INLINE Floats exp_of(Floats x) {
  // Beyond these the result is 0 or infinity anyway. NaN stays (second operand).
  const Floats in = smaller(all(89.0f), larger(all(-104.0f), x));
  // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
  const Floats shifted = multiply_add(in, all(0x1.715476p0f), all(12582912.0f));
  const Floats whole = shifted - 12582912.0f;
  const Ints n = bits_of(shifted) - 0x4b400000;
  // ln 2 in two parts; the product of the first with n is exact.
  Floats r = multiply_add(whole, all(-0x1.62e4p-1f), in);
  r = multiply_add(whole, all(-0x1.7f7d1cp-20f), r);
  Floats q = all(0x1.6a2258p-10f);
  q = multiply_add(q, r, all(0x1.123b02p-7f));
  q = multiply_add(q, r, all(0x1.5558f8p-5f));
  q = multiply_add(q, r, all(0x1.55549p-3f));
  q = multiply_add(q, r, all(0x1.fffffcp-2f));
  const Floats p = multiply_add(r * r, q, r) + 1.0f;
  // In two factors, for 2^n alone may be too small or too large for a float; one of them is exact.
  const Ints half = n >> 1;
  return p * power_of_two(half) * power_of_two(n - half);
}

/// tanh x: below 2 ulp. A polynomial near 0, where 1 - 2 / (e^2x + 1) would cancel.
MOD_INLINE Floats tanh_of(Floats x) {
  const Floats size = absolute(x);
  const Floats far = 1.0f - 2.0f / (exp_of(size + size) + 1.0f);
  const Floats s = size * size;
  Floats q = all(-0x1.75e1d2p-8f);
  q = multiply_add(q, s, all(0x1.52269cp-6f));
  q = multiply_add(q, s, all(-0x1.b83c5ap-5f));
  q = multiply_add(q, s, all(0x1.110726p-3f));
  q = multiply_add(q, s, all(-0x1.555532p-2f));
  const Floats near = multiply_add(size * s, q, size);
  const Ints sign = bits_of(x) & static_cast<std::int32_t>(0x80000000);
  return floats_of(bits_of(choose(size < 0.625f, near, far)) | sign);
}

/// x * Phi(x), Phi the normal distribution function: Phi(-|x|) = exp(-x^2 / 2) erfcx(|x| / sqrt 2)
/// / 2 with a polynomial in t = 1 / (1 + |x| / sqrt 8) for erfcx.
MOD_INLINE Floats times_normal(Floats x) {
  const Floats size = absolute(x);
  const Floats t = 1.0f / multiply_add(size, all(0x1.6a09e6p-2f), all(1.0f));
  Floats p = all(0x1.2983aap-5f);
  p = multiply_add(p, t, all(-0x1.8deb56p-3f));
  p = multiply_add(p, t, all(0x1.8f40aep-2f));
  p = multiply_add(p, t, all(-0x1.358596p-2f));
  p = multiply_add(p, t, all(-0x1.447998p-7f));
  p = multiply_add(p, t, all(0x1.c7800cp-6f));
  p = multiply_add(p, t, all(0x1.dbdd86p-5f));
  p = multiply_add(p, t, all(0x1.7a4470p-3f));
  p = multiply_add(p, t, all(0x1.f672a6p-3f));
  p = multiply_add(p, t, all(0x1.2102b0p-2f));
  p = multiply_add(p, t, all(0x1.20dbfcp-2f));
  // The rounding error of x^2 counts in the exponent; the fused product knows it.
  const Floats square = x * x;
  const Floats lost = multiply_add(x, x, -square);
  const Floats gauss = exp_of(-0.5f * square);
  const Floats tail = multiply_add(gauss, -0.5f * lost, gauss) * (0.5f * t * p);
  // Beyond 14 the tail is 0; its square may be infinite, and `lost` then is NaN.
  const Floats below = choose(size > 14.0f, Floats{}, tail);
  const Floats above = choose(size > 14.0f, x, multiply_add(x, -below, x));
  return choose(x < 0.0f, x * below, above);
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
