// Ranks of magnitudes within a row, for DELLA. See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/merge_kernels.h"
#include "cpu/merge_order_impl.h"
#include "cpu/merge_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

template <bool whole>
inline Ints magnitudes(const float* x, const float* b, std::size_t k) {
  const Floats d = load_wide<Floats, whole>(x, k) - load_wide<Floats, whole>(b, k);
  return bits_of(d) & all(0x7fffffff);
}

float largest_delta(const float* x, const float* b, std::size_t n) noexcept {
  Ints most = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Ints m = magnitudes<tag.kWhole>(x + i, b + i, k);
    most = m > most ? m : most;
  });
  std::int32_t largest = 0;
  for (std::size_t l = 0; l < kWide; ++l) largest = most[l] > largest ? most[l] : largest;
  return largest > 0x7f800000 ? __builtin_inff() : __builtin_bit_cast(float, largest);
}

std::size_t magnitude_bins(const float* x, const float* b, int shift, std::int32_t first,
                           std::uint16_t* bins, std::uint32_t* inexact, std::size_t n) noexcept {
  const Ints lower = all((std::int32_t{1} << shift) - 1), from = all(first), one = all(1);
  std::size_t found = 0;
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Ints m = magnitudes<tag.kWhole>(x + i, b + i, k);
    const Ints upper = (m >> shift) - from;
    const Ints bin = (upper > one ? upper : one) & (m != 0);
    store_wide<tag.kWhole>(__builtin_convertvector(bin, Shorts), bins + i, k);
    const std::uint32_t bits = lane_bits((m & lower) != 0);  // none in the padding
    write_values(reinterpret_cast<Words>(bin), bits, inexact + found);
    found += static_cast<std::size_t>(__builtin_popcount(bits));
  });
  return found;
}

std::size_t rank_estimates(const std::uint32_t* words, float low, float scale_by, float least,
                           float most, std::uint8_t* flags, ScanOutput out,
                           std::size_t n) noexcept {
  const Floats wl = all(low), ws = all(scale_by), floor = all(least), top = all(most);
  std::size_t found = 0;
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Words w = load_wide<Words, tag.kWhole>(words + i, k);
    // AVX2 converts signed words only; half of the word keeps 24 bits all the same.
    const Floats f = __builtin_convertvector(reinterpret_cast<Ints>(w >> 1), Floats) * 2.0f;
    const Floats r = (f - wl) * ws;
    Ints band = (r > floor) & (r < top);
    if constexpr (!tag.kWhole) band &= present(k);
    store_flags<tag.kWhole>(r <= floor, flags + i, k);
    const std::uint32_t bits = lane_bits(band);
    const Floats in_range = masked(band, r);
    write_values(reinterpret_cast<Words>(__builtin_convertvector(in_range, Ints)), bits,
                 out.keys + found);
    write_places(bits, out.place + static_cast<std::uint32_t>(i), out.places + found);
    found += static_cast<std::size_t>(__builtin_popcount(bits));
  });
  return found;
}

inline std::int32_t magnitude_of(const float* x, const float* b, std::size_t i) {
  return __builtin_bit_cast(std::int32_t, x[i] - b[i]) & 0x7fffffff;
}

/// Adds to each count the lanes of m that are below its bound.
inline void count_below(Ints m, Ints bound, Ints& count) {
#if defined(__AVX512F__)
  const __m512i c = reinterpret_cast<__m512i>(count);
  const __mmask16 below =
      _mm512_cmplt_epi32_mask(reinterpret_cast<__m512i>(m), reinterpret_cast<__m512i>(bound));
  count = reinterpret_cast<Ints>(_mm512_mask_add_epi32(c, below, c, _mm512_set1_epi32(1)));
#else
  count -= m < bound;
#endif
}

constexpr std::size_t kRanked = 4;  // elements whose ranks are counted together

/// Counts over whole vectors [from, to): elements below bound[k].
inline void count_segment(const float* x, const float* b, std::size_t from, std::size_t to,
                          const std::int32_t* bound, std::uint32_t* ranks) {
  const Ints b0 = all(bound[0]), b1 = all(bound[1]), b2 = all(bound[2]), b3 = all(bound[3]);
  Ints c0 = {}, c1 = {}, c2 = {}, c3 = {};
  for (std::size_t i = from; i < to; i += kWide) {
    const Ints m = magnitudes<true>(x + i, b + i, kWide);
    count_below(m, b0, c0);
    count_below(m, b1, c1);
    count_below(m, b2, c2);
    count_below(m, b3, c3);
  }
  ranks[0] += static_cast<std::uint32_t>(add_up(c0));
  ranks[1] += static_cast<std::uint32_t>(add_up(c1));
  ranks[2] += static_cast<std::uint32_t>(add_up(c2));
  ranks[3] += static_cast<std::uint32_t>(add_up(c3));
}

/// Ranks of kRanked ascending elements. Behind element i equal ones come first too, so that its
/// bound rises by one there; the vector with i in it is left to single steps.
inline void rank_few(const float* x, const float* b, std::size_t n, const std::uint32_t* which,
                     std::uint32_t* ranks) {
  std::int32_t own[kRanked], bound[kRanked];
  for (std::size_t k = 0; k < kRanked; ++k) {
    own[k] = bound[k] = magnitude_of(x, b, which[k]);
    ranks[k] = 0;
  }
  const std::size_t whole = n / kWide * kWide;
  std::size_t at = 0;
  for (std::size_t next = 0; at < whole;) {
    const std::size_t vector = next < kRanked ? which[next] / kWide * kWide : whole;
    count_segment(x, b, at, vector < whole ? vector : whole, bound, ranks);
    at = vector < whole ? vector : whole;
    if (at == whole) break;
    std::size_t last = next;  // of the elements in this vector
    while (last + 1 < kRanked && which[last + 1] < at + kWide) ++last;
    for (std::size_t i = at; i < at + kWide; ++i) {
      const std::int32_t m = magnitude_of(x, b, i);
      for (std::size_t k = 0; k < kRanked; ++k) ranks[k] += m < own[k] + (i > which[k] ? 1 : 0);
    }
    for (; next <= last; ++next) bound[next] = own[next] + 1;
    at += kWide;
  }
  for (std::size_t i = at; i < n; ++i) {
    const std::int32_t m = magnitude_of(x, b, i);
    for (std::size_t k = 0; k < kRanked; ++k) ranks[k] += m < own[k] + (i > which[k] ? 1 : 0);
  }
}

void magnitude_ranks(const float* x, const float* b, std::size_t n, const std::uint32_t* which,
                     std::size_t count, std::uint32_t* ranks) noexcept {
  std::size_t k = 0;
  for (; k + kRanked <= count; k += kRanked) rank_few(x, b, n, which + k, ranks + k);
  if (k == count) return;
  std::uint32_t few[kRanked], found[kRanked];
  for (std::size_t r = 0; r < kRanked; ++r) few[r] = which[k + r < count ? k + r : count - 1];
  rank_few(x, b, n, few, found);
  for (std::size_t r = 0; k + r < count; ++r) ranks[k + r] = found[r];
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
