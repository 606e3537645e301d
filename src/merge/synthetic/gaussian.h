// Random weights at the speed of memory: near-Gaussian numbers from one 32-bit draw each.
//
// A draw's four bytes are added (Irwin-Hall: mean 510, deviation 147.80, range +-3.45 deviations,
// excess kurtosis -0.3) and 14 bits made from the same draw fill the steps between the sums, so
// that values do not repeat. Good enough to look like weights to a merge; not for statistics.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/kernels.h"

namespace mod::merge {

/// Which numbers: keyed by tensor, stream (0 = the base, v = its variant v) and element.
struct GaussianSource {
  RandomKey key;
  std::uint32_t stream = 0;
  float mean = 0, deviation = 1;
};

/// The value of one draw for mean 0 and deviation 1, before scaling: an integer below 2^24.
constexpr std::uint32_t gaussian_steps(std::uint32_t word) noexcept {
  const std::uint32_t pairs = (word & 0x00FF00FFu) + ((word >> 8) & 0x00FF00FFu);
  const std::uint32_t sum = (pairs & 0xFFFFu) + (pairs >> 16);
  return sum << 14 | ((word ^ (word >> 13)) & 0x3FFFu);
}

/// out[i] = the number for element first + i, or with `add` out[i] += it. `words` holds n draws.
void fill_gaussian(const GaussianSource& source, std::uint64_t first, const cpu::Kernels& kernels,
                   std::uint32_t* words, float* out, std::size_t n, bool add);

}  // namespace mod::merge
