#include "merge/methods/registry.h"
#include "merge/parts/checks.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "filter_wise",
     .type = ParamType::kBool,
     .number = 0,
     .help = "one ratio for each row of the last axis instead of one per tensor"},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  if (auto text = check_base(spec); !text.empty()) return text;
  if (spec.inputs == 2) {
    return "model_stock needs the base and at least two models that have this tensor";
  }
  return {};
}

}  // namespace

constinit const MethodInfo kModelStock = {
    .name = "model_stock",
    .title = "average of the models pulled towards the base by the angle between them",
    .paper = "arXiv 2403.19522",
    .formula = "y = t mean(x_i) + (1-t) b, t = N c / (1 + (N-1) c), c the mean cosine of x_i - b",
    .params = kParams,
    .min_models = 2,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToSmallest,
    .reads = "twice (cosines), once with filter_wise",
    .passes = 2,
    .check = check,
};

}  // namespace mod::merge
