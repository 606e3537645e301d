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

void words(RandomKey key, std::uint64_t first, std::uint32_t stream, RandomPurpose purpose,
           std::uint32_t* out, std::size_t n) noexcept {
  std::uint64_t block = first / 4;
  std::size_t skip = first % 4, done = 0;
  while (done < n) {
    std::uint32_t word[4];
    philox_block(key, block++, stream, static_cast<std::uint32_t>(purpose), word);
    for (; skip < 4 && done < n; ++skip) out[done++] = word[skip];
    skip = 0;
  }
}

constexpr RandomKernels make_random_kernels() { return {words}; }

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
