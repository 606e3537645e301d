#include <cmath>

#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/weighted_sum.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "weight", .per_model = true, .required = true, .help = "share of this model"},
    {.name = "normalize",
     .type = ParamType::kBool,
     .number = 1,
     .help = "divide by the sum of the weights"},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  if (auto text = check_finite(spec, {}, {"weight"}); !text.empty()) return text;
  double sum = 0;
  for (int i = 0; i < spec.inputs; ++i) sum += spec.params.find("weight", i).value_or(0);
  if (spec.params.flag("normalize") && std::abs(sum) < 1e-8) {
    return "the weights sum to 0; change them or set normalize: false";
  }
  return {};
}

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  std::vector<double> weights(static_cast<std::size_t>(spec.inputs));
  double sum = 0;
  // An unlisted base has no weight and takes no part.
  for (int i = 0; i < spec.inputs; ++i) {
    weights[i] = spec.params.find("weight", i).value_or(0);
    sum += weights[i];
  }
  if (spec.params.flag("normalize")) {
    for (double& weight : weights) weight /= sum;
  }
  return std::make_unique<WeightedSumKernel>(std::move(weights));
}

}  // namespace

constinit const MethodInfo kLinear = {
    .name = "linear",
    .title = "weighted average of the models",
    .paper = "arXiv 2203.05482",
    .formula = "y = sum(w_i x_i) / sum(w_i)",
    .params = kParams,
    .shapes = ShapeRule::kCropToSmallest,
    .reads = "once",
    .make = make,
    .check = check,
};

}  // namespace mod::merge
