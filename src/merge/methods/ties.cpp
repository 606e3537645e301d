#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/task_params.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {kWeightParam, kDensityParam,  kNormalizeOn,
                                 kLambdaParam, kInt8MaskParam, kRescaleOff};

std::string check(const TensorSpec& spec) {
  if (auto text = check_task_vectors(spec); !text.empty()) return text;
  for (int i = 0; i < spec.inputs; ++i) {
    if (i != spec.base && spec.params.number("density", i) == 0) {
      return "density is 0, which keeps nothing; remove the model or set its weight to 0";
    }
  }
  return {};
}

}  // namespace

constinit const MethodInfo kTies = {
    .name = "ties",
    .title = "largest differences of each model, those of the majority's sign added to the base",
    .paper = "arXiv 2306.01708",
    .formula = "y = b + lambda sum(kept w_i d_i) / sum(kept w_i), kept: top density, elected sign",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (threshold)",
    .passes = 2,
    .check = check,
};

}  // namespace mod::merge
