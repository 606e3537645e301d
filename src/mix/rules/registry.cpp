#include "mix/rules/registry.h"

#include <fmt/format.h>

#include <array>

#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr std::array kRules = {
    &kLinearRule, &kLogLinearRule, &kContrastiveRule, &kProxyRule, &kPowerRule,
};

void check_counts(const Rule& rule, std::size_t experts, std::size_t weights,
                  std::size_t parameters) {
  std::string wrong;
  if (experts == 0) wrong = "no expert";
  if (!rule.roles.empty() && experts != rule.roles.size()) {
    wrong = fmt::format("{} experts for {} roles", experts, rule.roles.size());
  }
  if (weights != (rule.weights == WeightUse::kRefused ? 0 : experts)) {
    wrong = fmt::format("{} weights for {} experts", weights, experts);
  }
  if (parameters != rule.parameters.size()) {
    wrong = fmt::format("{} parameters instead of {}", parameters, rule.parameters.size());
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("rule {}: {}", rule.name, wrong));
  }
}

}  // namespace

std::span<const Rule* const> rules() { return kRules; }

const Rule* find_rule(std::string_view name) {
  for (const Rule* rule : kRules) {
    if (rule->name == name) return rule;
  }
  return nullptr;
}

void combine(const Rule& rule, const RuleInput& input, std::span<float> out,
             const Context& context) {
  check_counts(rule, input.rows.size(), input.weights.size(), input.parameters.size());
  if (out.size() != input.vocabulary) {
    throw Error(ErrorCode::kInternal, "combine: the result has another width than the rows");
  }
  rule.combine(input, out, context);
}

void attribute(const Rule& rule, std::span<const double> parameters,
               std::span<const double> weights, std::span<const double> logprobs,
               std::span<double> out) {
  check_counts(rule, logprobs.size(), weights.size(), parameters.size());
  rule.attribute(parameters, weights, logprobs, out);
}

}  // namespace mod::mix
