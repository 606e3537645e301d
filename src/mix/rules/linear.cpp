#include "mix/rules/means.h"
#include "mix/rules/registry.h"

namespace mod::mix {
namespace {

void combine_linear(const RuleInput& input, std::span<float> out, const Context& context) {
  power_mean(1, input.weights, input.rows, out, context);
}

void attribute_linear(std::span<const double>, std::span<const double> weights,
                      std::span<const double> logprobs, std::span<double> out) {
  responsibilities(1, weights, logprobs, out);
}

}  // namespace

constinit const Rule kLinearRule = {
    .name = "linear",
    .help = "weighted sum of the experts' probabilities: what any of them would say",
    .formula = "p = sum w_k p_k",
    .paper = "",
    .parameters = {},
    .roles = {},
    .weights = WeightUse::kShares,
    .linear = true,
    .gates = {},
    .modes = {},
    .attribution = Attribution::kResponsibility,
    .combine = combine_linear,
    .attribute = attribute_linear,
};

}  // namespace mod::mix
