// Statistics of every tensor of a checkpoint, read once, in parallel, in memory that does not
// depend on its size (about 10 MiB a thread). The numbers do not depend on threads.
#pragma once

#include <cstdint>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "cpu/context.h"

namespace mod::merge {

/// min, max, mean, deviation and norm are over the finite elements; NaN where there are none.
struct TensorStatistics {
  std::uint64_t elements = 0, zeros = 0, nans = 0, infinities = 0;
  double min = 0, max = 0, mean = 0;
  double deviation = 0;  // standard deviation, divided by n
  double norm = 0;       // L2
};

/// In the order of checkpoint.tensors(). `progress` (may be null) is told the bytes read.
/// Throws Error(kIo, kCorruptFile, kCancelled).
std::vector<TensorStatistics> compute_statistics(const checkpoint::Checkpoint& checkpoint,
                                                 const Context& context, Progress* progress);

}  // namespace mod::merge
