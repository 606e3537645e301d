#include <algorithm>

#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/task_params.h"
#include "merge/parts/task_vectors.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {kWeightParam, kDensityParam,  kGammaParam, kNormalizeOff,
                                 kLambdaParam, kInt8MaskParam, kRescaleOff};

std::string check(const TensorSpec& spec) {
  if (auto text = check_task_vectors(spec); !text.empty()) return text;
  for (int i = 0; i < spec.inputs; ++i) {
    if (i != spec.base && spec.params.number("gamma", i) < 0) {
      return "gamma is " + number_text(spec.params.number("gamma", i)) +
             "; it must not be negative";
    }
  }
  return {};
}

std::unique_ptr<Sparsifier> middle_part(const TensorSpec& spec, int input, double density) {
  const auto n = static_cast<double>(spec.elements);
  const double gamma = std::min(spec.params.number("gamma", input), 1.0);
  auto target = static_cast<std::uint64_t>(density * n);
  MagnitudeSparsifier::Range range;
  range.raised = target == 0;
  target = std::max<std::uint64_t>(target, 1);
  // Where both ends together are more than the rest, fewer of the largest are dropped.
  range.from = std::min(static_cast<std::uint64_t>(gamma * n), spec.elements - target);
  range.to = range.from + target;
  return std::make_unique<MagnitudeSparsifier>(spec.elements, range, spec.params.flag("rescale"),
                                               SelectOptions{.memory = memory_share(spec)});
}

std::unique_ptr<Kernel> make_linear(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, false, middle_part);
}

std::unique_ptr<Kernel> make_ties(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, true, middle_part);
}

}  // namespace

constinit const MethodInfo kBreadcrumbs = {
    .name = "breadcrumbs",
    .title = "differences without their largest and smallest part, added to the base",
    .paper = "arXiv 2312.06795",
    .formula = "y = b + lambda sum(w_i m_i d_i), m_i: magnitude ranks after gamma, density of them",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (thresholds)",
    .passes = 2,
    .make = make_linear,
    .check = check,
};

constinit const MethodInfo kBreadcrumbsTies = {
    .name = "breadcrumbs_ties",
    .title = "breadcrumbs with the sign election of ties",
    .paper = "arXiv 2312.06795",
    .formula = "y = b + lambda sum(kept w_i m_i d_i), kept: the sign of the majority",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (thresholds)",
    .passes = 2,
    .make = make_ties,
    .check = check,
};

}  // namespace mod::merge
