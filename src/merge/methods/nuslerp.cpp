#include "merge/methods/registry.h"
#include "merge/parts/checks.h"

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
    .check = check,
};

}  // namespace mod::merge
