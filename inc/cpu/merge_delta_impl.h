// Sums of models, and the arithmetic of the task-vector family. See cpu/kernels_impl.h for the
// rules.
#pragma once

#include "cpu/merge_kernels.h"
#include "cpu/merge_vector_impl.h"
#include "cpu/reduce_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

template <class Tag>
inline Floats floats_at(Tag, const float* p, std::size_t k) {
  return load_wide<Floats, Tag::kWhole>(p, k);
}

template <class Tag>
inline void put(Tag, Floats v, float* p, std::size_t k) {
  store_wide<Tag::kWhole>(v, p, k);
}

void scale(float a, const float* x, float* y, std::size_t n) noexcept {
  const Floats wa = all(a);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k)
                     MOD_BODY { put(tag, wa * floats_at(tag, x + i, k), y + i, k); });
}

void add_scaled(float a, const float* x, float* y, std::size_t n) noexcept {
  const Floats wa = all(a);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    put(tag, floats_at(tag, y + i, k) + wa * floats_at(tag, x + i, k), y + i, k);
  });
}

void blend(float a, const float* x, float b, const float* y, float* out, std::size_t n) noexcept {
  const Floats wa = all(a), wb = all(b);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    put(tag, wa * floats_at(tag, x + i, k) + wb * floats_at(tag, y + i, k), out + i, k);
  });
}

void delta(float f, const float* x, const float* b, float* v, std::size_t n) noexcept {
  const Floats wf = all(f);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    put(tag, wf * (floats_at(tag, x + i, k) - floats_at(tag, b + i, k)), v + i, k);
  });
}

/// Elements whose key lies in [low, high): signed comparisons of the magnitude's bits.
inline void delta_keys_between(float f, const float* x, const float* b, std::uint32_t low,
                               std::uint32_t high, float* v, std::size_t n) {
  // key = kZeroMagnitudeKey - min(bits, kZeroMagnitudeKey), so low <= key < high means above < bits
  // and bits <= most; NaNs have larger bits than kZeroMagnitudeKey and are one class at key 0.
  const Ints above =
      all(high == 0 ? 0x7fffffff : static_cast<std::int32_t>(kZeroMagnitudeKey - high));
  const Ints most = all(low == 0 ? 0x7fffffff : static_cast<std::int32_t>(kZeroMagnitudeKey - low));
  const Ints magnitude = all(0x7fffffff);
  const Floats wf = all(f);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Floats d = floats_at(tag, x + i, k) - floats_at(tag, b + i, k);
    const Ints m = bits_of(d) & magnitude;
    put(tag, masked((m > above) & (m <= most), wf * d), v + i, k);
  });
}

/// How many elements of a run of n from `first` have an index below the cut's.
inline std::size_t below_cut(Cut cut, std::uint64_t first, std::size_t n) {
  if (cut.index <= first) return 0;
  return cut.index - first < n ? static_cast<std::size_t>(cut.index - first) : n;
}

void delta_between(float f, const float* x, const float* b, std::uint64_t first, Cut from, Cut to,
                   float* v, std::size_t n) noexcept {
  // Within a segment an element precedes a cut iff its key is below a constant.
  const std::size_t tied_from = below_cut(from, first, n), tied_to = below_cut(to, first, n);
  std::size_t at = 0;
  while (at < n) {
    std::size_t end = n;
    if (tied_from > at && tied_from < end) end = tied_from;
    if (tied_to > at && tied_to < end) end = tied_to;
    delta_keys_between(f, x + at, b + at, from.key + (at < tied_from ? 1 : 0),
                       to.key + (at < tied_to ? 1 : 0), v + at, end - at);
    at = end;
  }
}

void delta_flagged(float f, const float* x, const float* b, const std::uint8_t* flags, float* v,
                   std::size_t n) noexcept {
  const Floats wf = all(f);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Floats d = floats_at(tag, x + i, k) - floats_at(tag, b + i, k);
    put(tag, masked(flag_mask<tag.kWhole>(flags + i, k), wf * d), v + i, k);
  });
}

void delta_packed(float f, const float* x, const float* b, const std::uint8_t* bits, std::size_t at,
                  float* v, std::size_t n) noexcept {
  Ints lane_bit;
  for (std::size_t l = 0; l < kWide; ++l) lane_bit[l] = std::int32_t{1} << l;
  const Floats wf = all(f);
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    std::uint32_t word;
    __builtin_memcpy(&word, bits + (at + i) / 8, sizeof word);
    word >>= (at + i) % 8;
    const Ints mask = (all(static_cast<std::int32_t>(word)) & lane_bit) != 0;
    const Floats d = floats_at(tag, x + i, k) - floats_at(tag, b + i, k);
    put(tag, masked(mask, wf * d), v + i, k);
  });
}

/// Lanes that are not 0 (NaN included).
inline Ints nonzero(Floats v) { return v != Floats{}; }

/// base + s; a sum of 0 leaves the base as it is, also a base of -0.
inline Floats plus(Floats base, Floats s) {
  const Ints some = nonzero(s);
  return floats_of((some & bits_of(base + s)) | (~some & bits_of(base)));
}

/// y = base + (v[0] + .. + v[models - 1]) with up to four models in registers.
template <int models>
inline std::size_t add_few(const float* const* v, const float* b, float* y, std::uint64_t* taken,
                           std::size_t n) {
  const float* v0 = v[0];
  const float* v1 = models > 1 ? v[1] : nullptr;
  const float* v2 = models > 2 ? v[2] : nullptr;
  const float* v3 = models > 3 ? v[3] : nullptr;
  Ints n0 = {}, n1 = {}, n2 = {}, n3 = {}, any = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    Floats s = floats_at(tag, v0 + i, k);
    Ints some = nonzero(s);
    n0 -= some;
    const auto add = [&](const float* p, Ints& count) MOD_BODY {
      const Floats x = floats_at(tag, p + i, k);
      s += x;
      count -= nonzero(x);
      some |= nonzero(x);
    };
    if constexpr (models > 1) add(v1, n1);
    if constexpr (models > 2) add(v2, n2);
    if constexpr (models > 3) add(v3, n3);
    any -= some;
    put(tag, plus(floats_at(tag, b + i, k), s), y + i, k);
  });
  taken[0] += add_up(n0);
  if constexpr (models > 1) taken[1] += add_up(n1);
  if constexpr (models > 2) taken[2] += add_up(n2);
  if constexpr (models > 3) taken[3] += add_up(n3);
  return add_up(any);
}

inline std::size_t add_many(const float* const* v, int models, const float* b, float* y,
                            std::uint64_t* taken, std::size_t n) {
  Ints any = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    Floats s = {};
    Ints some = {};
    for (int m = 0; m < models; ++m) {
      const Floats x = floats_at(tag, v[m] + i, k);
      s = m == 0 ? x : s + x;
      some |= nonzero(x);
      taken[m] += add_up(-nonzero(x));
    }
    any -= some;
    put(tag, plus(floats_at(tag, b + i, k), s), y + i, k);
  });
  return add_up(any);
}

std::size_t add_deltas(const float* const* v, int models, const float* b, float* y,
                       std::uint64_t* taken, std::size_t n) noexcept {
  switch (models) {
    case 1:
      return add_few<1>(v, b, y, taken, n);
    case 2:
      return add_few<2>(v, b, y, taken, n);
    case 3:
      return add_few<3>(v, b, y, taken, n);
    case 4:
      return add_few<4>(v, b, y, taken, n);
    default:
      return add_many(v, models, b, y, taken, n);
  }
}

/// Lanes of v that agree with the vote, or are NaN.
inline Ints agrees(Floats v, Ints positive) {
  const Ints up = ~(v <= Floats{}), down = ~(v >= Floats{});
  return (positive & up) | (~positive & down);
}

/// What multiplies a sum whose weights add up to `divisor`.
inline float gain(float lambda, float divisor, bool divide) {
  return divide && divisor != 0 ? lambda / divisor : lambda;
}

inline std::size_t elect_one(const float* v0, const float* w, const float* b, float lambda,
                             bool divide, float* y, std::uint64_t* taken, std::size_t n) {
  const Floats g0 = all(gain(lambda, w[0], divide));
  Ints n0 = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Floats x = floats_at(tag, v0 + i, k);
    n0 -= nonzero(x);
    put(tag, plus(floats_at(tag, b + i, k), g0 * x), y + i, k);
  });
  taken[0] += add_up(n0);
  return add_up(n0);
}

/// Which models take part decides among three gains, so that no element needs a division.
inline std::size_t elect_two(const float* v0, const float* v1, const float* w, const float* b,
                             float lambda, bool divide, float* y, std::uint64_t* taken,
                             std::size_t n) {
  const Floats g0 = all(gain(lambda, w[0], divide)), g1 = all(gain(lambda, w[1], divide));
  const Floats both = all(gain(lambda, w[0] + w[1], divide));
  Ints n0 = {}, n1 = {}, any = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Floats x0 = floats_at(tag, v0 + i, k), x1 = floats_at(tag, v1 + i, k);
    const Ints positive = x0 + x1 >= Floats{};
    const Ints k0 = agrees(x0, positive), k1 = agrees(x1, positive);
    n0 -= k0;
    n1 -= k1;
    any -= k0 | k1;
    const Floats s = masked(k0, x0) + masked(k1, x1);
    const Floats g =
        floats_of((k0 & k1 & bits_of(both)) | (k0 & ~k1 & bits_of(g0)) | (~k0 & k1 & bits_of(g1)));
    put(tag, plus(floats_at(tag, b + i, k), g * s), y + i, k);
  });
  taken[0] += add_up(n0);
  taken[1] += add_up(n1);
  return add_up(any);
}

template <bool divide>
inline std::size_t elect_many(const float* const* v, const float* w, int models, const float* b,
                              float lambda, float* y, std::uint64_t* taken, std::size_t n) {
  const Floats wl = all(lambda), one = all(1.0f);
  Ints any = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    Floats vote = {}, s = {}, d = {};
    for (int m = 0; m < models; ++m) vote += floats_at(tag, v[m] + i, k);
    const Ints positive = vote >= Floats{};
    Ints some = {};
    for (int m = 0; m < models; ++m) {
      const Floats x = floats_at(tag, v[m] + i, k);
      const Ints kept = agrees(x, positive);
      taken[m] += add_up(-kept);
      some |= kept;
      s += masked(kept, x);
      d += masked(kept, all(w[m]));
    }
    any -= some;
    const Ints zero = d == Floats{};
    const Floats divisor = floats_of((zero & bits_of(one)) | (~zero & bits_of(d)));
    const Floats g = divide ? wl / divisor : wl;
    put(tag, plus(floats_at(tag, b + i, k), g * s), y + i, k);
  });
  return add_up(any);
}

std::size_t add_elected(const float* const* v, const float* w, int models, const float* b,
                        float lambda, bool divide, float* y, std::uint64_t* taken,
                        std::size_t n) noexcept {
  if (models == 1) return elect_one(v[0], w, b, lambda, divide, y, taken, n);
  if (models == 2) return elect_two(v[0], v[1], w, b, lambda, divide, y, taken, n);
  return divide ? elect_many<true>(v, w, models, b, lambda, y, taken, n)
                : elect_many<false>(v, w, models, b, lambda, y, taken, n);
}

void gram(const float* x, const float* y, const float* b, double* out, std::size_t n) noexcept {
  if (b) {
    out[0] = dot_delta(x, x, b, n);
    out[1] = dot_delta(y, y, b, n);
    out[2] = dot_delta(x, y, b, n);
  } else {
    out[0] = dot(x, x, n);
    out[1] = dot(y, y, n);
    out[2] = dot(x, y, n);
  }
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
