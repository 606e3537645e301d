// The key with a given rank in a multiset of keys, by counting.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace mod::merge {

/// Keys low..high, and the rank that was looked for, counted from the first of them.
struct KeyBin {
  std::uint32_t low = 0, high = 0;
  std::uint64_t rest = 0;
};

/// One of up to 4096 equal parts of [low, high]: the one that holds the key with rank `rank` (from
/// 0, ascending) among the keys in [low, high]. for_each(f) calls f(list) for the lists of keys;
/// there are more than `rank` such keys.
template <class ForEach>
KeyBin bin_of_rank(std::uint32_t low, std::uint32_t high, std::uint64_t rank, ForEach&& for_each) {
  constexpr int kBits = 12;
  std::array<std::uint32_t, 1 << kBits> count{};
  const std::uint32_t span = high - low;
  int shift = 0;
  while ((span >> shift) >> kBits != 0) ++shift;
  for_each([&](const std::vector<std::uint32_t>& keys) {
    for (const std::uint32_t key : keys) {
      if (key - low <= span) ++count[(key - low) >> shift];
    }
  });
  std::uint32_t bin = 0;
  while (bin + 1 < count.size() && rank >= count[bin]) rank -= count[bin++];
  const std::uint64_t from = low + (std::uint64_t{bin} << shift);
  const std::uint64_t to = std::min<std::uint64_t>(from + (std::uint64_t{1} << shift) - 1, high);
  return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), rank};
}

template <class ForEach>
std::uint32_t key_of_rank(std::uint32_t low, std::uint32_t high, std::uint64_t rank,
                          ForEach&& for_each) {
  while (low < high) {
    const KeyBin bin = bin_of_rank(low, high, rank, for_each);
    low = bin.low;
    high = bin.high;
    rank = bin.rest;
  }
  return low;
}

/// Lowers `low` and raises `high` to the keys that lie in the bin.
inline void narrow_to_keys(const std::vector<std::uint32_t>& keys, const KeyBin& bin,
                           std::uint32_t& low, std::uint32_t& high) {
  const std::uint32_t span = bin.high - bin.low;
  std::uint32_t least = low, most = high;
  for (const std::uint32_t key : keys) {
    const bool inside = key - bin.low <= span;
    least = std::min(least, inside ? key : 0xffffffffu);
    most = std::max(most, inside ? key : 0u);
  }
  low = least;
  high = most;
}

}  // namespace mod::merge
