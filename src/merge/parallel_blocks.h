// Work on many tensors at once: cut into blocks of fixed size that any thread may take. Results
// that are kept per block and added in block order do not depend on threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cpu/context.h"

namespace mod::merge {

/// Elements [first, first + count) of tensor `tensor`.
struct ElementBlock {
  std::size_t tensor = 0;
  std::uint64_t first = 0;
  std::size_t count = 0;
};

/// Elements of one block: 2 MiB of bf16, long enough for the disk, small enough to share out.
inline constexpr std::size_t kReadElements = 1u << 20;
/// Elements that are worked on at a time: fp32 operands stay in the first-level cache.
inline constexpr std::size_t kCacheElements = 4096;

/// The blocks of tensors with these numbers of elements, in order.
std::vector<ElementBlock> cut_into_blocks(std::span<const std::uint64_t> elements);

/// Calls work(worker, item) for every item below `items` from `workers` threads; worker counts from
/// 0. Rethrows the first exception after all threads have stopped; Error(kCancelled) where the user
/// stopped the work.
void run_parallel(const Context& context, int workers, std::size_t items,
                  const std::function<void(int worker, std::size_t item)>& work);

}  // namespace mod::merge
