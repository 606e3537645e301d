// Parallel loops: every item once, no more threads than asked for, exceptions reach the caller.
#include "cpu/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace mod::cpu {
namespace {

TEST(Parallel, EveryItemOnceInRangesOfWholeGrains) {
  for (const int threads : {-1, 0, 1, 2, 3, 8}) {
    for (const std::size_t n : {0, 1, 5, 15, 16, 17, 64, 1000}) {
      for (const std::size_t grain : {1, 4, 16}) {
        std::vector<std::atomic<int>> seen(n);
        std::atomic<int> ranges{0};
        parallel_for(threads, n, grain, [&](std::size_t first, std::size_t last) {
          ++ranges;
          EXPECT_LT(first, last);
          EXPECT_EQ(first % grain, 0u);
          EXPECT_TRUE(last % grain == 0 || last == n);
          for (std::size_t i = first; i < last; ++i) ++seen[i];
        });
        for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(seen[i], 1) << i << " of " << n;
        EXPECT_LE(ranges, std::max(threads, 1));
      }
    }
  }
}

TEST(Parallel, NeverMoreThreadsThanParts) {
  for (const int parts : {1, 2, 3}) {
    std::mutex mutex;
    std::set<std::thread::id> threads;
    parallel_parts(parts, [&](int, int count) {
      EXPECT_EQ(count, parts);
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
    EXPECT_LE(threads.size(), static_cast<std::size_t>(parts));
  }
}

TEST(Parallel, TheFirstExceptionIsRethrownAfterAllParts) {
  std::atomic<int> done{0};
  try {
    parallel_parts(4, [&](int part, int) {
      ++done;
      if (part % 2 == 1) throw std::runtime_error(std::to_string(part));
    });
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "1");
  }
  EXPECT_EQ(done, kOneThreadOnly ? 2 : 4);
}

TEST(Parallel, LoopsMayBeNestedAndRunAtTheSameTime) {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&done] {
      parallel_parts(2, [&](int, int) { parallel_parts(2, [&](int, int) { ++done; }); });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(done, 12);
}

}  // namespace
}  // namespace mod::cpu
