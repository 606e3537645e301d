#include <cmath>

#include "mix/rules/means.h"
#include "mix/rules/registry.h"

namespace mod::mix {
namespace {

void combine_log_linear(const RuleInput& input, std::span<float> out, const Context& context) {
  signed_mixture(input.weights, input.rows, -HUGE_VALF, out, context);
}

void attribute_log_linear(std::span<const double>, std::span<const double> exponents,
                          std::span<const double> logprobs, std::span<double> out) {
  contributions(exponents, logprobs, out);
}

}  // namespace

constinit const Rule kLogLinearRule = {
    .name = "log_linear",
    .help = "product of the experts' probabilities with signed exponents: what all of them accept",
    .formula = "p = softmax(sum a_k ln p_k)",
    .paper = "",
    .parameters = {},
    .roles = {},
    .weights = WeightUse::kExponents,
    .linear = false,
    .gates = {},
    .modes = kNoLinearModes,
    .attribution = Attribution::kLogContribution,
    .combine = combine_log_linear,
    .attribute = attribute_log_linear,
};

}  // namespace mod::mix
