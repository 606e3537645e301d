// Random masks and their bits. See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/merge_delta_impl.h"
#include "cpu/merge_kernels.h"
#include "cpu/merge_vector_impl.h"
#include "cpu/reduce_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

void flag_drawn(const std::uint32_t* words, std::uint64_t limit, std::uint8_t* flags,
                std::size_t n) noexcept {
  if (limit > 0xffffffffu || limit == 0) {
    __builtin_memset(flags, limit != 0, n);
    return;
  }
  const Words bound = all(static_cast<std::uint32_t>(limit));
  for_vectors(n, [=](auto tag, std::size_t i, std::size_t k) MOD_BODY {
    const Words w = load_wide<Words, tag.kWhole>(words + i, k);
    store_flags<tag.kWhole>(w < bound, flags + i, k);
  });
}

/// Bytes of 0 and 1 are added eight at a time, up to 255 words before a byte could overflow.
std::size_t count_flags(const std::uint8_t* flags, std::size_t n) noexcept {
  std::size_t total = 0, i = 0;
  while (n - i >= 8) {
    const std::size_t words = (n - i) / 8 < 255 ? (n - i) / 8 : 255;
    std::uint64_t sum = 0;
    for (std::size_t w = 0; w < words; ++w) {
      std::uint64_t eight;
      __builtin_memcpy(&eight, flags + i + 8 * w, 8);
      sum += eight;
    }
    const std::uint64_t pairs = (sum & 0x00ff00ff00ff00ffu) + ((sum >> 8) & 0x00ff00ff00ff00ffu);
    total += (pairs * 0x0001000100010001u) >> 48;
    i += 8 * words;
  }
  for (; i < n; ++i) total += flags[i];
  return total;
}

inline std::uint8_t pack_eight(const std::uint8_t* flags) {
  std::uint64_t w;
  __builtin_memcpy(&w, flags, 8);
  return static_cast<std::uint8_t>((w * 0x0102040810204080u) >> 56);
}

inline void unpack_eight(std::uint8_t byte, std::uint8_t* flags) {
  const std::uint64_t spread = (byte * 0x0101010101010101u) & 0x8040201008040201u;
  const std::uint64_t w = ((spread + 0x7f7f7f7f7f7f7f7fu) >> 7) & 0x0101010101010101u;
  __builtin_memcpy(flags, &w, 8);
}

inline void set_bit(std::uint8_t* bits, std::size_t at, std::uint8_t flag) {
  const unsigned mask = 1u << (at % 8);
  bits[at / 8] = static_cast<std::uint8_t>((bits[at / 8] & ~mask) | (flag ? mask : 0u));
}

// Eight flags are one little-endian word, on which the multiplications above rely.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

void pack_flags(const std::uint8_t* flags, std::uint8_t* bits, std::size_t at,
                std::size_t n) noexcept {
  std::size_t i = 0;
  for (; i < n && (at + i) % 8 != 0; ++i) set_bit(bits, at + i, flags[i]);
  for (; i + 8 <= n; i += 8) bits[(at + i) / 8] = pack_eight(flags + i);
  for (; i < n; ++i) set_bit(bits, at + i, flags[i]);
}

void unpack_flags(const std::uint8_t* bits, std::size_t at, std::uint8_t* flags,
                  std::size_t n) noexcept {
  std::size_t i = 0;
  for (; i < n && (at + i) % 8 != 0; ++i) flags[i] = (bits[(at + i) / 8] >> ((at + i) % 8)) & 1;
  for (; i + 8 <= n; i += 8) unpack_eight(bits[(at + i) / 8], flags + i);
  for (; i < n; ++i) flags[i] = (bits[(at + i) / 8] >> ((at + i) % 8)) & 1;
}

typedef std::int64_t LongVector __attribute__((vector_size(kDoubles * 8)));

inline LongVector long_mask(const std::uint8_t* flags) {
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(flags));
  return reinterpret_cast<LongVector>(_mm512_maskz_cvtepi8_epi64(0xff, bytes)) != 0;
#elif defined(__AVX2__)
  std::int32_t four;
  __builtin_memcpy(&four, flags, sizeof four);
  return reinterpret_cast<LongVector>(_mm256_cvtepi8_epi64(_mm_cvtsi32_si128(four))) != 0;
#else
  return LongVector{-(flags[0] != 0), -(flags[1] != 0)};
#endif
}

inline DoubleVector absolute(DoubleVector v) {
  return reinterpret_cast<DoubleVector>(reinterpret_cast<LongVector>(v) &
                                        (LongVector{} + 0x7fffffffffffffff));
}

/// The lanes of both sums, named for the compiler's sake (see reduce_impl.h); 16 each.
struct NormLanes {
  DoubleVector all = {}, kept = {};

  void take(const float* x, const float* b, const std::uint8_t* flags) {
    const DoubleVector d = absolute(to_double(load(x) - load(b)));
    const LongVector mask = long_mask(flags);
    all += d;
    kept += reinterpret_cast<DoubleVector>(reinterpret_cast<LongVector>(d) & mask);
  }
};

void flagged_norms(const float* x, const float* b, const std::uint8_t* flags, double* sums,
                   std::size_t n) noexcept {
  NormLanes a0, a1, a2, a3, a4, a5, a6, a7;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    a0.take(x + i, b + i, flags + i);
    const auto next = [&](NormLanes& lanes, int v) MOD_BODY {
      const std::size_t at = i + static_cast<std::size_t>(v * kDoubles);
      lanes.take(x + at, b + at, flags + at);
    };
    next(a1, 1);
    if constexpr (kVectors > 2) next(a2, 2), next(a3, 3);
    if constexpr (kVectors > 4) next(a4, 4), next(a5, 5), next(a6, 6), next(a7, 7);
  }
  const DoubleVector all_lanes[8] = {a0.all, a1.all, a2.all, a3.all,
                                     a4.all, a5.all, a6.all, a7.all};
  const DoubleVector kept_lanes[8] = {a0.kept, a1.kept, a2.kept, a3.kept,
                                      a4.kept, a5.kept, a6.kept, a7.kept};
  double lane[2][kLanes];
  __builtin_memcpy(lane[0], all_lanes, sizeof lane[0]);
  __builtin_memcpy(lane[1], kept_lanes, sizeof lane[1]);
  for (int l = 0; i < n; ++i, ++l) {
    const double d = __builtin_fabs(static_cast<double>(x[i] - b[i]));
    lane[0][l] += d;
    lane[1][l] += flags[i] ? d : 0.0;
  }
  sums[0] = add_lanes(lane[0]);
  sums[1] = add_lanes(lane[1]);
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
