#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "merge/methods/mod_kernels.h"
#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/weighted_sum.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "weight",
     .per_model = true,
     .required = true,
     .help = "share of this expert, from 0 to 1; all shares sum to 1"},
    {.name = "select",
     .type = ParamType::kString,
     .string = "reference",
     .help = "who gives an element: reference (by the value of expert 0), random or rank"},
    {.name = "match",
     .type = ParamType::kStringList,
     .string = "mlp",
     .help = "tensors whose name contains one of these are merged, the others copied"},
};

bool matches(const TensorSpec& spec) {
  const auto& parts = spec.params.strings("match");
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return spec.name.find(part) != std::string::npos;
  });
}

std::string check(const TensorSpec& spec) {
  const std::string& select = spec.params.string("select");
  if (select != "reference" && select != "random" && select != "rank") {
    return fmt::format("select: '{}' is unknown; use reference, random or rank", select);
  }
  if (spec.inputs < 2) return {};  // one expert is left: copied
  double sum = 0;
  for (int i = 0; i < spec.inputs; ++i) {
    const double weight = spec.params.number("weight", i);
    if (!(weight >= 0 && weight <= 1)) {
      return fmt::format("weight {} lies outside [0, 1]", weight);
    }
    sum += weight;
  }
  if (std::abs(sum - 1) > 1e-5 * std::max(sum, 1.0)) {
    return fmt::format("the weights sum to {}; they must sum to 1", sum);
  }
  if (spec.inputs > 255) return "mod takes at most 255 experts";
  return {};
}

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels& kernels) {
  if (spec.inputs == 1) return std::make_unique<WeightedSumKernel>(std::vector<double>{1});
  std::vector<double> weights;
  for (int i = 0; i < spec.inputs; ++i) weights.push_back(spec.params.number("weight", i));
  const std::string& select = spec.params.string("select");
  if (select == "random") return make_mod_random(spec, weights);
  if (select == "rank") return make_mod_rank(spec, weights);
  return make_mod_reference(spec, weights, kernels);
}

}  // namespace

constinit const MethodInfo kMod = {
    .name = "mod",
    .title = "Mixture of Distributions: each element comes from one of the experts",
    .paper = "arXiv 2411.00406",
    .formula =
        "y = x_i where C(i-1) <= N < C(i), N = (x_0 - min) / (max - min), C the summed weights",
    .params = kParams,
    .min_models = 2,
    .reads = "twice (extremes of expert 0)",
    .passes = 2,
    .make = make,
    .matches = matches,
    .check = check,
};

}  // namespace mod::merge
