// Counter-based random numbers: the draw for an element depends only on (seed, tensor name, stream,
// purpose, element), never on threads, tiles or the order of tensors.
// Philox4x32-10 (Salmon et al., SC 2011), keyed through SplitMix64 and FNV-1a.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mod {

/// What a draw is for; keeps the streams of different uses apart.
enum class RandomPurpose : std::uint32_t {
  kSparsify = 0,
  kSelect = 1,
  kRouter = 2,
  kNoise = 3,
  kToken = 4,   // the token of an answer
  kExpert = 5,  // the expert that writes it
};

/// FNV-1a, 64 bit.
std::uint64_t fnv1a64(std::string_view bytes) noexcept;

/// Output of SplitMix64 for this state.
std::uint64_t splitmix64(std::uint64_t state) noexcept;

struct RandomKey {
  std::uint32_t k0, k1;
};

/// Key of all draws for one output tensor.
RandomKey random_key(std::uint64_t seed, std::string_view tensor) noexcept;

/// The Philox4x32-10 block function.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        RandomKey key) noexcept;

/// The 32-bit draw for one element (scalar reference; cpu/kernels.h has the fast one).
std::uint32_t random_word(RandomKey key, std::uint64_t element, std::uint32_t stream,
                          RandomPurpose purpose) noexcept;

/// A draw x is "true with probability p" iff x < random_limit(p), exactly x < p * 2^32 in real
/// numbers.
std::uint64_t random_limit(double p) noexcept;

}  // namespace mod
