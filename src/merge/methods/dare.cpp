#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/task_params.h"
#include "merge/parts/task_vectors.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {kWeightParam,   kDensityParam, kNormalizeOff, kLambdaParam,
                                 kInt8MaskParam, kRescaleOn,    kInversePParam};

std::string check(const TensorSpec& spec) {
  if (auto text = check_task_vectors(spec); !text.empty()) return text;
  return check_rescale(spec);
}

std::unique_ptr<Sparsifier> random_part(const TensorSpec& spec, int input, double density) {
  return std::make_unique<RandomSparsifier>(
      std::make_unique<BernoulliMask>(random_key(spec.seed, spec.name),
                                      static_cast<std::uint32_t>(spec.stream(input)), density),
      spec.elements, random_scale(spec.params), memory_share(spec));
}

std::unique_ptr<Kernel> make_linear(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, false, random_part);
}

std::unique_ptr<Kernel> make_ties(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, true, random_part);
}

}  // namespace

constinit const MethodInfo kDareLinear = {
    .name = "dare_linear",
    .title = "a random part of each model's differences, scaled up, added to the base",
    .paper = "arXiv 2311.03099",
    .formula = "y = b + lambda sum(w_i s_i m_i d_i), m_i random with P(1) = density, s_i: rescale",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (norms)",
    .passes = 2,
    .make = make_linear,
    .check = check,
};

constinit const MethodInfo kDareTies = {
    .name = "dare_ties",
    .title = "dare_linear with the sign election of ties",
    .paper = "arXiv 2311.03099",
    .formula = "y = b + lambda sum(kept w_i s_i m_i d_i), kept: the sign of the majority",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (norms)",
    .passes = 2,
    .make = make_ties,
    .check = check,
};

}  // namespace mod::merge
