// What a rule is: a table entry that says what it takes, and a function from the experts'
// log-probabilities to the mixture's. A new rule is one new file in rules/ and one line in
// rules/registry.cpp. Everything here is thread-safe.
#pragma once

#include <span>
#include <string_view>

#include "cpu/context.h"
#include "mix/table.h"

namespace mod::mix {

/// What the weights of a mixture file or gate mean to a rule.
enum class WeightUse {
  kShares,     // not negative, divided by their sum; combine() takes their logarithms
  kExponents,  // signed, as they are
  kRefused,    // the rule has roles and parameters instead
};

/// What attribute() says of an expert.
enum class Attribution {
  kResponsibility,   // share of the token's probability, 0 to 1; they sum to 1
  kLogContribution,  // signed term of the token's unnormalised log-probability, in nats
};

/// What a rule combines. Experts stand in the order of the rule's roles where it has any.
struct RuleInput {
  std::span<const double> parameters;  // in order of the table
  /// kShares: log-weights, -inf for 0, of any common offset. kExponents: exponents. kRefused:
  /// empty.
  std::span<const double> weights;
  std::span<const float* const> rows;  // log-probabilities, normalised; -inf: masked
  std::size_t vocabulary = 0;
};

struct Rule {
  std::string_view name;
  std::string_view help;     // one line
  std::string_view formula;  // plain text
  std::string_view paper;    // "arXiv 2401.08565" or ""
  std::span<const Parameter> parameters;
  std::span<const std::string_view> roles;  // one expert each; empty: any number, no roles
  WeightUse weights = WeightUse::kShares;
  bool linear = false;  // the result is a weighted sum of probabilities
  Permission gates;     // gates other than `fixed`
  Modes modes;
  Attribution attribution = Attribution::kResponsibility;
  void (*combine)(const RuleInput& input, std::span<float> out, const Context& context) = nullptr;
  /// logprobs: ln p_k of one token under every expert.
  void (*attribute)(std::span<const double> parameters, std::span<const double> weights,
                    std::span<const double> logprobs, std::span<double> out) = nullptr;
};

/// All rules in the order of the docs, and one by name (nullptr if unknown).
std::span<const Rule* const> rules();
const Rule* find_rule(std::string_view name);

/// out = the mixture's log-probabilities, normalised; out may be one of the rows. Experts of weight
/// 0 are not read, and a single one left is copied bit by bit (if its exponent is 1). A token that
/// is masked in an expert is masked in the result of a rule with signed exponents; a row without
/// any permitted token gives one. NaN in a row stays visible. Throws Error(kInvalidInput) where all
/// weights are 0, or the numbers of experts, weights, roles or parameters do not fit.
void combine(const Rule& rule, const RuleInput& input, std::span<float> out,
             const Context& context);

/// How much each expert gave to one token of the mixture, from its log-probability under each.
///   linear, power: r_k = w_k p_k^rho / sum_j w_j p_j^rho (with rho = 1: w_k p_k / p_mix).
///   others: c_k = a_k ln p_k, whose sum is ln p_mix + ln Z; 0 for an expert of exponent 0.
/// A token that no expert permits gives the weights (or 0 for contributions).
void attribute(const Rule& rule, std::span<const double> parameters,
               std::span<const double> weights, std::span<const double> logprobs,
               std::span<double> out);

}  // namespace mod::mix
