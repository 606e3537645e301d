// How a merge stays inside --memory: the number of workers, the size of their tiles, and the room
// for what kernels keep between passes. Only speed depends on it, never a byte of the result.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/context.h"
#include "merge/plan.h"

namespace mod::merge {

/// Finished tiles that may wait for their turn to be written, for each worker.
inline constexpr std::size_t kWaitingTiles = 2;

struct Budget {
  int workers = 1;
  std::uint64_t tile_elements = kBlockElements;
  std::uint64_t state_bytes = 0;  // over all tensors in work
  std::uint64_t peak_bytes = 0;   // beyond the program itself
};

/// Throws Error(kInvalidInput) where even one worker with the smallest tile does not fit; the
/// message says how much is needed and for which tensor.
Budget make_budget(const Plan& plan, std::uint64_t memory, const Context& context);

}  // namespace mod::merge
