// What a plan will cost in memory.
#pragma once

#include <cstdint>

#include "merge/plan.h"

namespace mod::merge {

/// Bytes beyond the program itself that the executor will need at most with these options. Throws
/// Error(kInvalidInput) where options.memory is too small for the smallest possible tile.
std::uint64_t estimate_peak_memory(const Plan& plan, const PlanOptions& options);

}  // namespace mod::merge
