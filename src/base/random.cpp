#include "base/random.h"

#include <cmath>

namespace mod {

std::uint64_t fnv1a64(std::string_view bytes) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : bytes) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3u;
  }
  return h;
}

std::uint64_t splitmix64(std::uint64_t state) noexcept {
  std::uint64_t z = state + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

RandomKey random_key(std::uint64_t seed, std::string_view tensor) noexcept {
  const std::uint64_t key = splitmix64(seed) ^ fnv1a64(tensor);
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        RandomKey key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key.k0, static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key.k1, static_cast<std::uint32_t>(p0)};
    key.k0 += 0x9E3779B9u;
    key.k1 += 0xBB67AE85u;
  }
  return counter;
}

std::uint32_t random_word(RandomKey key, std::uint64_t element, std::uint32_t stream,
                          RandomPurpose purpose) noexcept {
  const std::uint64_t block = element / 4;
  const auto words =
      philox4x32({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                  stream, static_cast<std::uint32_t>(purpose)},
                 key);
  return words[element % 4];
}

std::uint64_t random_limit(double p) noexcept {
  if (!(p > 0)) return 0;
  if (p >= 1) return std::uint64_t{1} << 32;
  // Scaling by a power of two is exact, so the integer above it is the exact limit.
  return static_cast<std::uint64_t>(std::ceil(p * 0x1p32));
}

}  // namespace mod
