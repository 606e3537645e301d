#include <algorithm>
#include <array>
#include <cmath>

#include "mix/rows.h"
#include "mix/rules/means.h"
#include "mix/rules/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"alpha", 0.1, 0, 1, "keeps tokens of at least alpha times the expert's best probability"},
    {"beta", 0.5, 0, 10, "how strongly the amateur is subtracted"},
};
constexpr std::string_view kRoles[] = {"expert", "amateur"};

std::array<double, 2> exponents(std::span<const double> parameters) {
  return {1 + parameters[1], -parameters[1]};
}

void combine_contrastive(const RuleInput& input, std::span<float> out, const Context& context) {
  const double alpha = input.parameters[0];
  float cut = -HUGE_VALF;
  if (alpha > 0 && input.vocabulary > 0) {
    const std::span<const float> expert(input.rows[0], input.vocabulary);
    cut = static_cast<float>(std::log(alpha) + expert[best_token(expert, context)]);
  }
  signed_mixture(exponents(input.parameters), input.rows, cut, out, context);
}

void attribute_contrastive(std::span<const double> parameters, std::span<const double>,
                           std::span<const double> logprobs, std::span<double> out) {
  contributions(exponents(parameters), logprobs, out);
}

}  // namespace

constinit const Rule kContrastiveRule = {
    .name = "contrastive",
    .help = "the expert minus a weak amateur, among the tokens that the expert finds plausible",
    .formula = "p = softmax((1 + beta) ln p_expert - beta ln p_amateur), p_expert >= alpha max",
    .paper = "arXiv 2309.09117",
    .parameters = kParameters,
    .roles = kRoles,
    .weights = WeightUse::kRefused,
    .linear = false,
    .gates = {false, "rule contrastive has the fixed exponents 1 + beta and -beta"},
    .modes = kNoLinearModes,
    .attribution = Attribution::kLogContribution,
    .combine = combine_contrastive,
    .attribute = attribute_contrastive,
};

}  // namespace mod::mix
