#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/weighted_sum.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "scale",
     .per_model = true,
     .help = "factor; without it (or 1) the bytes are copied",
     .has_default = false},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  return check_finite(spec, {}, {"scale"});
}

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  return std::make_unique<WeightedSumKernel>(
      std::vector<double>{spec.params.find("scale", 0).value_or(1)});
}

}  // namespace

constinit const MethodInfo kPassthrough = {
    .name = "passthrough",
    .title = "one model's tensors, copied or scaled",
    .paper = "",
    .formula = "y = scale x",
    .params = kParams,
    .min_models = 1,
    .max_models = 1,
    .reads = "once",
    .make = make,
    .check = check,
};

}  // namespace mod::merge
