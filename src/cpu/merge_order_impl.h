// Order keys, scans for a bracket of keys, and selection by conditions. See cpu/kernels_impl.h for
// the rules.
#pragma once

#include "cpu/merge_delta_impl.h"
#include "cpu/merge_kernels.h"
#include "cpu/merge_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

struct MagnitudeKey {
  const float *x, *b;

  template <bool whole>
  Words at(std::size_t i, std::size_t k) const {
    const Floats d = load_wide<Floats, whole>(x + i, k) - load_wide<Floats, whole>(b + i, k);
    const Ints zero_key = all(static_cast<std::int32_t>(kZeroMagnitudeKey));
    const Ints m = bits_of(d) & all(0x7fffffff);
    return reinterpret_cast<Words>(zero_key - (m > zero_key ? zero_key : m));
  }
};

struct ValueKey {
  const float* x;

  template <bool whole>
  Words at(std::size_t i, std::size_t k) const {
    const Floats v = load_wide<Floats, whole>(x + i, k);
    const Ints bits = bits_of(v) & (v != Floats{});  // both zeros become +0
    const Ints flip = (bits >> 31) | static_cast<std::int32_t>(0x80000000);
    const Ints nan = v != v;
    return reinterpret_cast<Words>((bits ^ flip) | nan);
  }
};

template <class Key>
inline void write_keys(Key key, std::uint32_t* keys, std::size_t n) {
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    store_wide<tag.kWhole>(key.template at<tag.kWhole>(i, k), keys + i, k);
  });
}

void magnitude_keys(const float* x, const float* b, std::uint32_t* keys, std::size_t n) noexcept {
  write_keys(MagnitudeKey{x, b}, keys, n);
}

void value_keys(const float* x, std::uint32_t* keys, std::size_t n) noexcept {
  write_keys(ValueKey{x}, keys, n);
}

/// Bit l is set where lane l of the mask is -1.
inline std::uint32_t lane_bits(Ints mask) {
#if defined(__AVX512F__)
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX2__)
  return static_cast<std::uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#elif defined(__SSE2__)
  return static_cast<std::uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#else
  std::uint32_t bits = 0;
  for (std::size_t l = 0; l < kWide; ++l) bits |= (mask[l] & 1u) << l;
  return bits;
#endif
}

/// Writes the lanes of v that are set in `bits`, and their places; returns how many. May write
/// garbage behind them, up to a whole vector.
inline std::size_t write_lanes(Words v, std::uint32_t bits, std::uint32_t place,
                               std::uint32_t* keys, std::uint16_t* places) {
#if defined(__AVX512F__)
  const __mmask16 mask = static_cast<__mmask16>(bits);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) +
                        _mm512_set1_epi32(static_cast<int>(place));
  _mm512_storeu_si512(keys, _mm512_maskz_compress_epi32(mask, reinterpret_cast<__m512i>(v)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(places),
                      _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(mask, lanes)));
  return static_cast<std::size_t>(__builtin_popcount(bits));
#else
  std::size_t found = 0;
  for (; bits != 0; bits &= bits - 1) {
    const int lane = __builtin_ctz(bits);
    keys[found] = v[lane];
    places[found++] = static_cast<std::uint16_t>(place + static_cast<std::uint32_t>(lane));
  }
  return found;
#endif
}

template <class Key>
inline ScanCount scan(Key key, std::uint32_t low, std::uint32_t high, ScanOutput out,
                      std::size_t n) {
  const Words wl = all(low), span = all(high - low);
  Ints before = {};
  std::size_t inside = 0;
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Words v = key.template at<tag.kWhole>(i, k);
    Ints below = v < wl, within = v - wl <= span;
    if constexpr (!tag.kWhole) {
      for (std::size_t l = k; l < kWide; ++l) below[l] = 0, within[l] = 0;
    }
    before -= below;
    const std::uint32_t bits = lane_bits(within);
    if (bits != 0) {
      inside += write_lanes(v, bits, out.place + static_cast<std::uint32_t>(i), out.keys + inside,
                            out.places + inside);
    }
  });
  return {add_up(before), inside};
}

ScanCount scan_magnitudes(const float* x, const float* b, std::uint32_t low, std::uint32_t high,
                          ScanOutput out, std::size_t n) noexcept {
  return scan(MagnitudeKey{x, b}, low, high, out, n);
}

ScanCount scan_values(const float* x, std::uint32_t low, std::uint32_t high, ScanOutput out,
                      std::size_t n) noexcept {
  return scan(ValueKey{x}, low, high, out, n);
}

std::size_t magnitude_rank(const float* x, const float* b, std::size_t i, std::size_t n) noexcept {
  std::uint32_t key;
  write_keys(MagnitudeKey{x + i, b + i}, &key, 1);
  const Words own = all(key);
  Ints count = {};
  // Smaller magnitudes have larger keys; behind element i equal ones come first too.
  for_vectors(n, [&](auto tag, std::size_t at, std::size_t k) MOD_BODY {
    const Words v = MagnitudeKey{x, b}.template at<tag.kWhole>(at, k);
    Ints counted = v > own;
    if (at + k > i + 1) {
      Ints tied = v == own;
      for (std::size_t l = 0; l < kWide && at + l <= i; ++l) tied[l] = 0;
      counted |= tied;
    }
    if constexpr (!tag.kWhole) {
      for (std::size_t l = k; l < kWide; ++l) counted[l] = 0;
    }
    count -= counted;
  });
  return add_up(count);
}

/// y = x in the lanes of a mask, z in the others; counts the mask.
template <class Condition>
inline std::size_t choose(Condition holds, const float* x, const float* z, float* y,
                          std::size_t n) {
  Ints count = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    Ints mask = holds.template at<tag.kWhole>(i, k);
    if constexpr (!tag.kWhole) {
      for (std::size_t l = k; l < kWide; ++l) mask[l] = 0;
    }
    const Ints a = load_wide<Ints, tag.kWhole>(x + i, k);
    const Ints c = load_wide<Ints, tag.kWhole>(z + i, k);
    store_wide<tag.kWhole>((mask & a) | (~mask & c), y + i, k);
    count -= mask;
  });
  return add_up(count);
}

struct AtMost {
  const float* value;
  Floats bound;
  template <bool whole>
  Ints at(std::size_t i, std::size_t k) const {
    return load_wide<Floats, whole>(value + i, k) <= bound;
  }
};

struct Below {
  const std::uint32_t* words;
  Words bound;
  template <bool whole>
  Ints at(std::size_t i, std::size_t k) const {
    return load_wide<Words, whole>(words + i, k) < bound;
  }
};

struct Always {
  template <bool whole>
  Ints at(std::size_t, std::size_t) const {
    return all(std::int32_t{-1});
  }
};

std::size_t choose_at_most(const float* value, float bound, const float* x, const float* z,
                           float* y, std::size_t n) noexcept {
  return choose(AtMost{value, all(bound)}, x, z, y, n);
}

std::size_t choose_drawn(const std::uint32_t* words, std::uint64_t limit, const float* x,
                         const float* z, float* y, std::size_t n) noexcept {
  if (limit > 0xffffffffu) return choose(Always{}, x, z, y, n);
  return choose(Below{words, all(static_cast<std::uint32_t>(limit))}, x, z, y, n);
}

std::size_t choose_before(const std::uint32_t* keys, std::uint64_t first, Cut cut, const float* x,
                          const float* z, float* y, std::size_t n) noexcept {
  const std::size_t tied = below_cut(cut, first, n);
  const std::uint64_t with_ties = cut.key + std::uint64_t{1};
  return choose_drawn(keys, with_ties, x, z, y, tied) +
         choose_drawn(keys + tied, cut.key, x + tied, z + tied, y + tied, n - tied);
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
