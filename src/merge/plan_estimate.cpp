#include "merge/plan_estimate.h"

#include "merge/budget.h"

namespace mod::merge {

std::uint64_t estimate_peak_memory(const Plan& plan, const PlanOptions& options) {
  Context context;
  context.threads = options.threads;
  return make_budget(plan, options.memory, context).peak_bytes;
}

}  // namespace mod::merge
