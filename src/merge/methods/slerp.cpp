#include "merge/methods/registry.h"
#include "merge/parts/checks.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "t", .required = true, .help = "0 is the base model, 1 the other one"},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  return check_finite(spec, {"t"}, {});
}

}  // namespace

constinit const MethodInfo kSlerp = {
    .name = "slerp",
    .title = "interpolation along the great circle between two models, one angle per tensor",
    .paper = "",
    .formula = "y = sin((1-t) a) / sin(a) x0 + sin(t a) / sin(a) x1, a the angle of x0 and x1",
    .params = kParams,
    .min_models = 1,
    .max_models = 1,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToSmallest,
    .reads = "twice (angle)",
    .passes = 2,
    .check = check,
};

}  // namespace mod::merge
