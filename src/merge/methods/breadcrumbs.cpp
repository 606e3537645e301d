#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/task_params.h"

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
    .check = check,
};

}  // namespace mod::merge
