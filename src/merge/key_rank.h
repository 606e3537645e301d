// The key with a given rank in a multiset of keys, by counting.
#pragma once

#include <array>
#include <cstdint>

namespace mod::merge {

struct RankedKey {
  std::uint32_t key = 0;
  std::uint64_t rest = 0;  // rank among the equal keys
};

/// The key with rank `rank` (from 0, ascending) among the keys in [low, high] that for_each(f)
/// hands to f(key), several times over; there are more than `rank` of them.
template <class ForEach>
RankedKey key_of_rank(std::uint32_t low, std::uint32_t high, std::uint64_t rank,
                      ForEach&& for_each) {
  constexpr int kBits = 12;
  std::array<std::uint32_t, 1 << kBits> count;
  while (low < high) {
    int shift = 0;
    while (((high - low) >> shift) >> kBits != 0) ++shift;
    count.fill(0);
    const std::uint32_t span = high - low;
    for_each([&](std::uint32_t key) {
      if (key - low <= span) ++count[(key - low) >> shift];
    });
    std::uint32_t bin = 0;
    while (bin + 1 < count.size() && rank >= count[bin]) rank -= count[bin++];
    const std::uint64_t from = low + (std::uint64_t{bin} << shift);
    const std::uint64_t to = from + (std::uint64_t{1} << shift) - 1;
    low = static_cast<std::uint32_t>(from);
    high = static_cast<std::uint32_t>(to < high ? to : high);
  }
  return {low, rank};
}

}  // namespace mod::merge
