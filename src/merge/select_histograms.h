// Private to the selector: histograms of the halves of keys.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "merge/select.h"

namespace mod::merge {

/// Histograms that any thread may borrow for one chunk.
struct Selector::Histograms {
  std::vector<std::uint32_t>
      bins;  // upper halves whose lower halves are counted; empty: upper halves
  std::size_t size = 0;
  std::mutex mutex;
  std::vector<std::vector<std::uint64_t>> idle;

  std::vector<std::uint64_t> borrow() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto histogram = std::move(idle.back());
        idle.pop_back();
        return histogram;
      }
    }
    return std::vector<std::uint64_t>(size);
  }

  void give_back(std::vector<std::uint64_t> histogram) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(histogram));
  }

  std::vector<std::uint64_t> sum() {
    std::vector<std::uint64_t> total(size);
    for (const auto& histogram : idle) {
      for (std::size_t i = 0; i < size; ++i) total[i] += histogram[i];
    }
    return total;
  }
};

}  // namespace mod::merge
