#include <algorithm>

#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/task_params.h"
#include "merge/parts/task_vectors.h"

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

std::unique_ptr<Sparsifier> largest_part(const TensorSpec& spec, int /*input*/, double density) {
  MagnitudeSparsifier::Range range;
  range.to = static_cast<std::uint64_t>(density * static_cast<double>(spec.elements));
  range.raised = range.to == 0;
  range.to = std::max<std::uint64_t>(range.to, 1);
  return std::make_unique<MagnitudeSparsifier>(spec.elements, range, spec.params.flag("rescale"),
                                               SelectOptions{.memory = memory_share(spec)});
}

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, true, largest_part);
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
    .make = make,
    .check = check,
};

}  // namespace mod::merge
