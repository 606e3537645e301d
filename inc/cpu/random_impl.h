// The draws of base/random.h, many at a time. See cpu/kernels_impl.h for the rules.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "cpu/element_impl.h"
#include "cpu/kernels.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr std::uint32_t kPhiloxM0 = 0xD2511F53u, kPhiloxM1 = 0xCD9E8D57u;
constexpr std::uint32_t kPhiloxW0 = 0x9E3779B9u, kPhiloxW1 = 0xBB67AE85u;

/// One block: counter (block, stream, purpose) to four words.
inline void philox_block(RandomKey key, std::uint64_t block, std::uint32_t stream,
                         std::uint32_t purpose, std::uint32_t* out) {
  std::uint32_t c0 = static_cast<std::uint32_t>(block);
  std::uint32_t c1 = static_cast<std::uint32_t>(block >> 32);
  std::uint32_t c2 = stream, c3 = purpose;
  for (std::uint32_t r = 0; r < 10; ++r) {
    const std::uint64_t p0 = static_cast<std::uint64_t>(kPhiloxM0) * c0;
    const std::uint64_t p1 = static_cast<std::uint64_t>(kPhiloxM1) * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ (key.k0 + r * kPhiloxW0);
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ (key.k1 + r * kPhiloxW1);
    c3 = static_cast<std::uint32_t>(p0);
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

#if defined(__AVX2__)

#if defined(__AVX512F__)
constexpr int kCounters = 8;  // in one vector
typedef __m512i RandomVector;
inline RandomVector same(std::uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
inline RandomVector multiply(RandomVector a, RandomVector b) { return _mm512_mul_epu32(a, b); }
inline RandomVector swap_halves(RandomVector a) { return _mm512_ror_epi64(a, 32); }
inline RandomVector upper_half(RandomVector a) { return _mm512_srli_epi64(a, 32); }
inline RandomVector xor3(RandomVector a, RandomVector b, RandomVector c) {
  return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}
inline RandomVector counters(std::uint32_t first) {
  return _mm512_add_epi32(_mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), same(first));
}
inline void store_blocks(RandomVector a, RandomVector b, std::uint32_t* out) {
  _mm512_storeu_si512(out, _mm512_unpacklo_epi64(a, b));
  _mm512_storeu_si512(out + 16, _mm512_unpackhi_epi64(a, b));
}
#else
constexpr int kCounters = 4;
typedef __m256i RandomVector;
inline RandomVector same(std::uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }
inline RandomVector multiply(RandomVector a, RandomVector b) { return _mm256_mul_epu32(a, b); }
inline RandomVector swap_halves(RandomVector a) { return _mm256_shuffle_epi32(a, 0xB1); }
inline RandomVector upper_half(RandomVector a) { return _mm256_srli_epi64(a, 32); }
inline RandomVector xor3(RandomVector a, RandomVector b, RandomVector c) {
  return _mm256_xor_si256(a, _mm256_xor_si256(b, c));
}
inline RandomVector counters(std::uint32_t first) {
  return _mm256_add_epi32(_mm256_setr_epi64x(0, 2, 1, 3), same(first));
}
inline void store_blocks(RandomVector a, RandomVector b, std::uint32_t* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_unpacklo_epi64(a, b));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8), _mm256_unpackhi_epi64(a, b));
}
#endif

/// Blocks of one call of philox_batch: four vectors, enough to hide the latency of the
/// multiplications.
constexpr int kBatch = 4 * kCounters;

/// What does not depend on the lower half of the block number. A counter is held in two vectors of
/// 64-bit lanes, a = c0 + 2^32 c1 and b = c2 + 2^32 c3, so that a round is
/// a, b = swap(b M1) ^ a >> 32 ^ k0, swap(a M0) ^ b >> 32 ^ k1. The stream, the purpose and the
/// upper half of the block number are the same for a whole batch, so that half of the first two
/// rounds is a constant.
struct PhiloxConstants {
  RandomVector first_b, second_a, second_b;
  RandomVector k0[8], k1[8];  // rounds 3 to 10
};

inline PhiloxConstants philox_constants(RandomKey key, std::uint32_t upper, std::uint32_t stream,
                                        std::uint32_t purpose) {
  PhiloxConstants c;
  const std::uint64_t p1 = static_cast<std::uint64_t>(kPhiloxM1) * stream;
  const std::uint32_t a0 = static_cast<std::uint32_t>(p1 >> 32) ^ upper ^ key.k0;
  const std::uint64_t p0 = static_cast<std::uint64_t>(kPhiloxM0) * a0;
  c.first_b = same(purpose ^ key.k1);
  c.second_a = same(static_cast<std::uint32_t>(p1) ^ (key.k0 + kPhiloxW0));
  c.second_b = same((p0 << 32 | p0 >> 32) ^ (key.k1 + kPhiloxW1));
  for (std::uint32_t r = 0; r < 8; ++r) {
    c.k0[r] = same(key.k0 + (r + 2) * kPhiloxW0);
    c.k1[r] = same(key.k1 + (r + 2) * kPhiloxW1);
  }
  return c;
}

inline void philox_start(const PhiloxConstants& c, std::uint32_t lower, RandomVector m0,
                         RandomVector m1, RandomVector& a, RandomVector& b) {
  const RandomVector b1 = swap_halves(multiply(counters(lower), m0)) ^ c.first_b;
  a = swap_halves(multiply(b1, m1)) ^ c.second_a;
  b = upper_half(b1) ^ c.second_b;
}

inline void philox_round(RandomVector m0, RandomVector m1, RandomVector k0, RandomVector k1,
                         RandomVector& a, RandomVector& b) {
  const RandomVector p0 = multiply(a, m0), p1 = multiply(b, m1);
  a = xor3(swap_halves(p1), upper_half(a), k0);
  b = xor3(swap_halves(p0), upper_half(b), k1);
}

/// The words of blocks lower .. lower + kBatch - 1, which have the same upper half.
inline void philox_batch(const PhiloxConstants& c, std::uint32_t lower, std::uint32_t* out) {
  const RandomVector m0 = same(kPhiloxM0), m1 = same(kPhiloxM1);
  RandomVector a0, a1, a2, a3, b0, b1, b2, b3;
  philox_start(c, lower, m0, m1, a0, b0);
  philox_start(c, lower + 1 * kCounters, m0, m1, a1, b1);
  philox_start(c, lower + 2 * kCounters, m0, m1, a2, b2);
  philox_start(c, lower + 3 * kCounters, m0, m1, a3, b3);
  for (int r = 0; r < 8; ++r) {
    philox_round(m0, m1, c.k0[r], c.k1[r], a0, b0);
    philox_round(m0, m1, c.k0[r], c.k1[r], a1, b1);
    philox_round(m0, m1, c.k0[r], c.k1[r], a2, b2);
    philox_round(m0, m1, c.k0[r], c.k1[r], a3, b3);
  }
  store_blocks(a0, b0, out);
  store_blocks(a1, b1, out + 4 * kCounters);
  store_blocks(a2, b2, out + 8 * kCounters);
  store_blocks(a3, b3, out + 12 * kCounters);
}

/// Whole batches with one upper half of the block number; returns the blocks done.
inline std::size_t philox_batches(RandomKey key, std::uint64_t block, std::uint32_t stream,
                                  std::uint32_t purpose, std::uint32_t* out, std::size_t blocks) {
  const std::uint32_t lower = static_cast<std::uint32_t>(block);
  const std::size_t left = 0xffffffffu - lower + std::size_t{1};
  const std::size_t whole = (blocks < left ? blocks : left) / kBatch * kBatch;
  if (whole == 0) return 0;
  const PhiloxConstants c =
      philox_constants(key, static_cast<std::uint32_t>(block >> 32), stream, purpose);
  for (std::size_t i = 0; i < whole; i += kBatch) {
    philox_batch(c, lower + static_cast<std::uint32_t>(i), out + 4 * i);
  }
  return whole;
}

#else

inline std::size_t philox_batches(RandomKey, std::uint64_t, std::uint32_t, std::uint32_t,
                                  std::uint32_t*, std::size_t) {
  return 0;
}

#endif

void words(RandomKey key, std::uint64_t first, std::uint32_t stream, RandomPurpose purpose,
           std::uint32_t* out, std::size_t n) noexcept {
  const std::uint32_t use = static_cast<std::uint32_t>(purpose);
  std::uint64_t block = first / 4;
  std::size_t skip = first % 4;
  while (n > 0) {
    if (skip == 0 && n >= 4) {
      const std::size_t done = philox_batches(key, block, stream, use, out, n / 4);
      block += done, out += 4 * done, n -= 4 * done;
      if (n == 0) break;
    }
    std::uint32_t word[4];
    philox_block(key, block++, stream, use, word);
    for (; skip < 4 && n > 0; ++skip, --n) *out++ = word[skip];
    skip = 0;
  }
}

constexpr RandomKernels make_random_kernels() { return {words}; }

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
