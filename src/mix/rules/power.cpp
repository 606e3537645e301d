#include "mix/rules/means.h"
#include "mix/rules/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"rho", 0.5, -1000, 1000, "1: linear; 0: geometric mean; -inf, inf: minimum, maximum", true},
};

void combine_power(const RuleInput& input, std::span<float> out, const Context& context) {
  power_mean(input.parameters[0], input.weights, input.rows, out, context);
}

void attribute_power(std::span<const double> parameters, std::span<const double> weights,
                     std::span<const double> logprobs, std::span<double> out) {
  responsibilities(parameters[0], weights, logprobs, out);
}

}  // namespace

constinit const Rule kPowerRule = {
    .name = "power",
    .help = "weighted power mean: from the experts' consensus (rho < 0) to any of them (rho > 1)",
    .formula = "p = (sum w_k p_k^rho)^(1/rho) / Z",
    .paper = "",
    .parameters = kParameters,
    .roles = {},
    .weights = WeightUse::kShares,
    .linear = false,
    .gates = {},
    .modes = kNoLinearModes,
    .attribution = Attribution::kResponsibility,
    .combine = combine_power,
    .attribute = attribute_power,
};

}  // namespace mod::mix
