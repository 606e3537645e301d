#include <algorithm>
#include <cmath>

#include "merge/methods/nuslerp_kernels.h"
#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/weighted_sum.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "weight", .per_model = true, .required = true, .help = "t = w1 / (w0 + w1)"},
    {.name = "nuslerp_flatten",
     .type = ParamType::kBool,
     .number = 1,
     .help = "one angle for the whole tensor; false: one for each vector of the last axis"},
    {.name = "nuslerp_row_wise",
     .type = ParamType::kBool,
     .number = 0,
     .help = "with nuslerp_flatten: false, vectors along the first axis instead of the last"},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  if (auto text = check_finite(spec, {}, {"weight"}); !text.empty()) return text;
  if (spec.base >= 0 && spec.inputs == 2) {
    return "one of the two models lacks this tensor and a base is given; nuslerp needs both";
  }
  return {};
}

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  if (spec.inputs == 1) return std::make_unique<WeightedSumKernel>(std::vector<double>{1});
  NuslerpInputs in;
  in.base = spec.base;
  in.first = spec.base == 0 ? 1 : 0;
  in.second = static_cast<std::size_t>(spec.inputs) - (spec.base == spec.inputs - 1 ? 2 : 1);
  const double w0 = spec.params.number("weight", static_cast<int>(in.first));
  const double w1 = spec.params.number("weight", static_cast<int>(in.second));
  in.t = std::abs(w0 + w1) < 1e-6 ? 0.5 : w1 / (w0 + w1);
  if (in.t != 1) in.weighted.push_back(in.first);
  if (in.t != 0) in.weighted.push_back(in.second);
  const bool flat = spec.params.flag("nuslerp_flatten");
  const auto last = spec.shape.empty() ? 1 : static_cast<std::uint64_t>(spec.shape.back());
  if (!flat && spec.params.flag("nuslerp_row_wise") && spec.shape.size() > 1) {
    const auto rows = static_cast<std::uint64_t>(spec.shape.front());
    return make_nuslerp_columns(in, spec.elements / std::max<std::uint64_t>(rows, 1),
                                spec.elements);
  }
  // A single row is the whole tensor, which need not stay in one chunk.
  if (flat || last == spec.elements) return make_nuslerp_whole(in);
  return make_nuslerp_rows(in, last);
}

}  // namespace

constinit const MethodInfo kNuslerp = {
    .name = "nuslerp",
    .title = "slerp of two models with weights, of their differences if a base is given",
    .paper = "",
    .formula = "y = b + slerp(x0 - b, x1 - b; t = w1 / (w0 + w1)), b = 0 without a base",
    .params = kParams,
    .min_models = 2,
    .max_models = 2,
    .base = BaseRole::kOptional,
    .shapes = ShapeRule::kCropToSmallest,
    .reads = "twice (angle), once for the last axis",
    .passes = 2,
    .make = make,
    .check = check,
};

}  // namespace mod::merge
