#include "merge/parallel_blocks.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "mod/error.h"

namespace mod::merge {

std::vector<ElementBlock> cut_into_blocks(std::span<const std::uint64_t> elements) {
  std::vector<ElementBlock> blocks;
  for (std::size_t t = 0; t < elements.size(); ++t) {
    for (std::uint64_t first = 0; first < elements[t]; first += kReadElements) {
      const std::uint64_t left = elements[t] - first;
      blocks.push_back(
          {t, first, static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadElements))});
    }
  }
  return blocks;
}

void run_parallel(const Context& context, int workers, std::size_t items,
                  const std::function<void(int worker, std::size_t item)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  std::mutex mutex;
  std::exception_ptr error;
  const auto loop = [&](int worker) {
    try {
      while (!stopped.load(std::memory_order_relaxed)) {
        const std::size_t item = next.fetch_add(1);
        if (item >= items) return;
        if (context.stop_requested()) {
          throw Error(ErrorCode::kCancelled, "stopped by the user");
        }
        work(worker, item);
      }
    } catch (...) {
      stopped = true;
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int w = 1; w < workers; ++w) threads.emplace_back(loop, w);
    loop(0);
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace mod::merge
