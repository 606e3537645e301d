// The two families that all rules belong to: weighted power means of probabilities, and signed sums
// of log-probabilities.
#pragma once

#include <span>

#include "cpu/context.h"
#include "mix/rule.h"

namespace mod::mix {

/// out = ln of the normalised power mean (sum w p^rho)^(1/rho); rho = 0 is the geometric mean, -inf
/// and inf are minimum and maximum. Experts of weight 0 take no part, in the limits neither.
void power_mean(double rho, std::span<const double> log_weights, std::span<const float* const> rows,
                std::span<float> out, const Context& context);

/// r_k = w_k p_k^rho / sum_j w_j p_j^rho; at -inf and inf the extreme experts share 1 by weight.
void responsibilities(double rho, std::span<const double> log_weights,
                      std::span<const double> logprobs, std::span<double> out);

/// out = ln softmax(sum a_k rows[k]) over the tokens that every expert of exponent not 0 permits
/// and that have rows[0] >= cut.
void signed_mixture(std::span<const double> exponents, std::span<const float* const> rows,
                    float cut, std::span<float> out, const Context& context);

/// c_k = a_k ln p_k, and 0 where a_k is 0.
void contributions(std::span<const double> exponents, std::span<const double> logprobs,
                   std::span<double> out);

/// The modes of the rules that are no weighted sum of probabilities.
inline constexpr Modes kNoLinearModes = {
    .draw = {false, "one expert's sample has the mixture's distribution only under rule linear"},
    .certified = {false,
                  "an expert that was skipped can change the winner by any amount unless the rule "
                  "is linear"},
    .lazy = {false, "the error is bounded by the weights left out only under rule linear"},
};

}  // namespace mod::mix
