#include <fmt/format.h>

#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/della_mask.h"
#include "merge/parts/task_params.h"
#include "merge/parts/task_vectors.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {kWeightParam, kDensityParam,  kEpsilonParam, kNormalizeOn,
                                 kLambdaParam, kInt8MaskParam, kRescaleOn,    kInversePParam};
constexpr ParamSpec kLinearParams[] = {kWeightParam, kDensityParam,  kEpsilonParam, kNormalizeOff,
                                       kLambdaParam, kInt8MaskParam, kRescaleOn,    kInversePParam};

std::string check(const TensorSpec& spec) {
  if (auto text = check_task_vectors(spec); !text.empty()) return text;
  for (int i = 0; i < spec.inputs; ++i) {
    if (i == spec.base) continue;
    const double density = spec.params.number("density", i);
    const double epsilon = spec.params.number("epsilon", i);
    if (density <= 0 || density >= 1) continue;
    const double low = density - epsilon, high = density + epsilon;
    if (!(low > 0 && low < 1 && high > 0 && high < 1)) {
      return fmt::format("density {} with epsilon {} leaves (0, 1); choose epsilon below {}",
                         density, epsilon, density < 0.5 ? density : 1 - density);
    }
  }
  return check_rescale(spec);
}

std::unique_ptr<Sparsifier> ranked_part(const TensorSpec& spec, int input, double density) {
  return std::make_unique<RandomSparsifier>(
      std::make_unique<DellaMask>(random_key(spec.seed, spec.name),
                                  static_cast<std::uint32_t>(spec.stream(input)), spec.shape,
                                  density, spec.params.number("epsilon", input)),
      spec.elements, random_scale(spec.params), memory_share(spec));
}

std::unique_ptr<Kernel> make_linear(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, false, ranked_part);
}

std::unique_ptr<Kernel> make_ties(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, true, ranked_part);
}

}  // namespace

constinit const MethodInfo kDella = {
    .name = "della",
    .title =
        "random part of the differences, larger ones more likely, with the sign election of ties",
    .paper = "arXiv 2406.11617",
    .formula = "P(keep d) = density - epsilon + 2 epsilon r, r the rank of |d| in its row, 0 to 1",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (norms)",
    .passes = 2,
    .make = make_ties,
    .check = check,
};

constinit const MethodInfo kDellaLinear = {
    .name = "della_linear",
    .title = "della without the sign election",
    .paper = "arXiv 2406.11617",
    .formula = "P(keep d) = density - epsilon + 2 epsilon r, r the rank of |d| in its row, 0 to 1",
    .params = kLinearParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "twice (norms)",
    .passes = 2,
    .make = make_linear,
    .check = check,
};

}  // namespace mod::merge
