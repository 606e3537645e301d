// The merges of a BPE model: which two tokens become which one, and in which order. One flat hash
// table. Immutable once filled; then thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/table_allocator.h"

namespace mod::text {

struct Merge {
  static constexpr std::uint32_t kNever = 0xFFFFFFFF;

  std::uint32_t rank = kNever;  // lower ranks merge first
  std::int32_t id = -1;         // of the merged token
};

class MergeTable {
 public:
  /// Makes room for this many merges.
  void reserve(std::size_t merges);

  /// A pair that is there already gets the new rank, as in Hugging Face's reader. False: an
  /// unlikely number of pairs fall on one place of the table, as somebody may choose them to.
  [[nodiscard]] bool add(std::int32_t left, std::int32_t right, Merge merge);

  /// Fetches the place of a pair that is to be added soon.
  void prefetch(std::int32_t left, std::int32_t right) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[place(left, right)], 1);
  }

  /// Merge::kNever where the two do not merge.
  Merge find(std::int32_t left, std::int32_t right) const noexcept {
    if (slots_.empty()) return {};
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = place(left, right);; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.left == left && slot.right == right) return slot.merge;
      if (slot.left == kFree) return {};
    }
  }

  std::size_t size() const noexcept { return count_; }

 private:
  static constexpr std::int32_t kFree = -1;

  struct Slot {
    std::int32_t left = kFree, right = kFree;
    Merge merge;
  };

  std::size_t place(std::int32_t left, std::int32_t right) const noexcept {
    const std::uint64_t pair = static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
                               static_cast<std::uint32_t>(right);
    const std::uint64_t mixed = (pair ^ pair >> 29) * 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>((mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 >> shift_);
  }
  bool insert(const Slot& slot);
  [[nodiscard]] bool grow(std::size_t slots);

  std::vector<Slot, TableAllocator<Slot>> slots_;  // a power of two, at most two thirds full
  unsigned shift_ = 64;                            // 64 - log2 of the number of slots
  std::size_t count_ = 0;
};

}  // namespace mod::text
