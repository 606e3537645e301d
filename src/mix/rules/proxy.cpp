#include <array>
#include <cmath>

#include "mix/rules/means.h"
#include "mix/rules/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"alpha", 1, -10, 10, "how much of the difference between expert and anti-expert is added"},
};
constexpr std::string_view kRoles[] = {"base", "expert", "antiexpert"};

std::array<double, 3> exponents(std::span<const double> parameters) {
  return {1, parameters[0], -parameters[0]};
}

void combine_proxy(const RuleInput& input, std::span<float> out, const Context& context) {
  signed_mixture(exponents(input.parameters), input.rows, -HUGE_VALF, out, context);
}

void attribute_proxy(std::span<const double> parameters, std::span<const double>,
                     std::span<const double> logprobs, std::span<double> out) {
  contributions(exponents(parameters), logprobs, out);
}

}  // namespace

constinit const Rule kProxyRule = {
    .name = "proxy",
    .help = "a base moved by what a small expert changes against its own base (DExperts)",
    .formula = "p = softmax(ln p_base + alpha (ln p_expert - ln p_antiexpert))",
    .paper = "arXiv 2401.08565",
    .parameters = kParameters,
    .roles = kRoles,
    .weights = WeightUse::kRefused,
    .linear = false,
    .gates = {false, "rule proxy has the fixed exponents 1, alpha and -alpha"},
    .modes = kNoLinearModes,
    .attribution = Attribution::kLogContribution,
    .combine = combine_proxy,
    .attribute = attribute_proxy,
};

}  // namespace mod::mix
