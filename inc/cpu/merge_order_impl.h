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

#if defined(__AVX2__) && !defined(__AVX512F__)
/// For eight bits the places of the set ones, one a byte, from the lowest.
struct LanePlaces {
  std::uint64_t of[256];
};
constexpr LanePlaces make_lane_places() {
  LanePlaces table{};
  for (unsigned bits = 0; bits < 256; ++bits) {
    unsigned found = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      if (bits >> lane & 1) table.of[bits] |= static_cast<std::uint64_t>(lane) << (8 * found++);
    }
  }
  return table;
}
constexpr LanePlaces kLanePlaces = make_lane_places();
#endif

/// Writes the lanes of v that are set in `bits`; may write garbage behind them, up to a whole
/// vector.
inline void write_values(Words v, std::uint32_t bits, std::uint32_t* values) {
#if defined(__AVX512F__)
  _mm512_storeu_si512(values, _mm512_maskz_compress_epi32(static_cast<__mmask16>(bits),
                                                          reinterpret_cast<__m512i>(v)));
#elif defined(__AVX2__)
  const __m128i lanes = _mm_cvtsi64_si128(static_cast<long long>(kLanePlaces.of[bits]));
  const __m256i packed =
      _mm256_permutevar8x32_epi32(reinterpret_cast<__m256i>(v), _mm256_cvtepu8_epi32(lanes));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), packed);
#else
  for (; bits != 0; bits &= bits - 1) *values++ = v[__builtin_ctz(bits)];
#endif
}

/// The places of these lanes, counted from `place`.
inline void write_places(std::uint32_t bits, std::uint32_t place, std::uint16_t* places) {
#if defined(__AVX512F__)
  const __m512i lanes =
      _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                       _mm512_set1_epi32(static_cast<int>(place)));
  const __m512i packed = _mm512_maskz_compress_epi32(static_cast<__mmask16>(bits), lanes);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(places), _mm512_cvtepi32_epi16(packed));
#elif defined(__AVX2__)
  const __m128i lanes = _mm_cvtsi64_si128(static_cast<long long>(kLanePlaces.of[bits]));
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(places),
      _mm_add_epi16(_mm_cvtepu8_epi16(lanes), _mm_set1_epi16(static_cast<short>(place))));
#else
  for (; bits != 0; bits &= bits - 1) {
    *places++ = static_cast<std::uint16_t>(place + static_cast<std::uint32_t>(__builtin_ctz(bits)));
  }
#endif
}

/// All -1 but for the lanes behind a partial vector of k elements.
inline Ints present(std::size_t k) {
  Ints mask;
  for (std::size_t l = 0; l < kWide; ++l) mask[l] = l < k ? -1 : 0;
  return mask;
}

template <class Key>
inline ScanCount scan(Key key, std::uint32_t low, std::uint32_t high, std::uint32_t counted,
                      ScanOutput out, std::size_t n) {
  const Words wl = all(low), span = all(high - low), wc = all(counted);
  Ints before = {}, equal = {};
  std::size_t inside = 0;
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Words v = key.template at<tag.kWhole>(i, k);
    Ints below = v < wl, same = v == wc, within = (v - wl <= span) & ~same;
    if constexpr (!tag.kWhole) {
      below &= present(k);
      same &= present(k);
      within &= present(k);
    }
    before -= below;
    equal -= same;
    const std::uint32_t bits = lane_bits(within);
    // Always written: with a share of some percent a branch would be mispredicted all the time.
    write_values(v, bits, out.keys + inside);
    write_places(bits, out.place + static_cast<std::uint32_t>(i), out.places + inside);
    inside += static_cast<std::size_t>(__builtin_popcount(bits));
  });
  return {add_up(before), add_up(equal), inside};
}

ScanCount scan_magnitudes(const float* x, const float* b, std::uint32_t low, std::uint32_t high,
                          std::uint32_t counted, ScanOutput out, std::size_t n) noexcept {
  return scan(MagnitudeKey{x, b}, low, high, counted, out, n);
}

ScanCount scan_values(const float* x, std::uint32_t low, std::uint32_t high, std::uint32_t counted,
                      ScanOutput out, std::size_t n) noexcept {
  return scan(ValueKey{x}, low, high, counted, out, n);
}

/// y = x in the lanes of a mask, z in the others; counts the mask.
template <class Condition>
inline std::size_t choose(Condition holds, const float* x, const float* z, float* y,
                          std::size_t n) {
  Ints count = {};
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    Ints mask = holds.template at<tag.kWhole>(i, k);
    if constexpr (!tag.kWhole) mask &= present(k);
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
