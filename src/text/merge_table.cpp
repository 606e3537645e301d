#include "text/merge_table.h"

#include <algorithm>
#include <bit>

namespace mod::text {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kMostTries = 1000;  // as in vocabulary.cpp

}  // namespace

bool MergeTable::insert(const Slot& added) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = place(added.left, added.right);
  for (std::size_t tries = 0; tries < kMostTries; ++tries, at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    const bool same = slot.left == added.left && slot.right == added.right;
    if (!same && slot.left != kFree) continue;
    if (!same) ++count_;
    slot = added;
    return true;
  }
  return false;
}

bool MergeTable::grow(std::size_t slots) {
  std::vector<Slot, TableAllocator<Slot>> old = std::move(slots_);
  slots_.assign(slots, {});
  shift_ = 64u - static_cast<unsigned>(std::countr_zero(slots));
  count_ = 0;
  return std::all_of(old.begin(), old.end(),
                     [&](const Slot& slot) { return slot.left == kFree || insert(slot); });
}

void MergeTable::reserve(std::size_t merges) {
  const std::size_t slots = std::bit_ceil(std::max(kFirstSlots, merges + merges / 2 + 1));
  if (slots > slots_.size() && count_ == 0) (void)grow(slots);
}

bool MergeTable::add(std::int32_t left, std::int32_t right, Merge merge) {
  if (3 * (count_ + 1) > 2 * slots_.size() && !grow(std::max(kFirstSlots, slots_.size() * 2))) {
    return false;
  }
  return insert({left, right, merge});
}

}  // namespace mod::text
