#include "merge/parts/column_sums.h"

namespace mod::merge {

std::vector<double>& ColumnSums::open(std::uint64_t block) {
  std::lock_guard lock(mutex_);
  auto& sums = blocks_[block];
  if (sums.empty()) sums.assign(total_.size(), 0.0);
  return sums;
}

void ColumnSums::finish(std::uint64_t block) {
  std::lock_guard lock(mutex_);
  finished_.insert(block);
  while (finished_.erase(next_) > 0) {
    const auto it = blocks_.find(next_);
    for (std::size_t i = 0; i < total_.size(); ++i) total_[i] += it->second[i];
    blocks_.erase(it);
    ++next_;
  }
}

}  // namespace mod::merge
