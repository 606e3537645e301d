// Objectives that need whole rows: the likelihood under any rule, its derivatives by the exponents
// of log_linear, and by each expert's temperature. Every call is one pass over the rows of a
// Teacher. Independent of threads.
#pragma once

#include <span>
#include <vector>

#include "mix/fit/exponents.h"
#include "mix/fit/teacher.h"

namespace mod::mix {

/// Mean ln p of the tokens that count under the mixture: its rule, gate, weights and temperatures.
/// `texts` are of the same temperatures.
double row_likelihood(const Mixture& mixture, std::span<const Transcript> texts, Teacher& teacher);

/// Of log_linear with gate `fixed` as a function of its exponents; for fit_exponents. Keeps
/// references to both.
CurvatureAt exponent_objective(const Mixture& mixture, Teacher& teacher);

struct TemperatureFit {
  double temperature = 1;
  bool at_limit = false;  // the data wants one beyond kLeastTemperature or kMostTemperature
};

inline constexpr double kLeastTemperature = 0.05, kMostTemperature = 20;

/// The temperature of each expert under which it alone gives the tokens that count the greatest
/// likelihood. That is concave in 1 / T, so the search is Newton's between limits that close in,
/// for all experts in the same passes.
std::vector<TemperatureFit> fit_temperatures(const Mixture& mixture, Teacher& teacher);

}  // namespace mod::mix
