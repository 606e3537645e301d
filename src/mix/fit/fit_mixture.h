// Learns what a mixture has from texts: weights (linear, gate fixed) by EM, exponents (log_linear,
// gate fixed) by Newton's method, the gate's tau or rate by search, and temperatures. What is found
// never has a lower likelihood on the texts than what was there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mix/fit/em.h"
#include "mix/fit/teacher.h"

namespace mod::mix {

/// What of a mixture is learned.
enum class FitTarget { kWeights, kExponents, kGateParameter };

/// Throws Error(kInvalidInput) with the reason where there is nothing to learn: rules with roles,
/// `power` with gate `fixed` (but for rho = 1, which is linear).
FitTarget fit_target(const Rule& rule, std::span<const double> rule_parameters, const Gate& gate);

struct FitOptions {
  bool temperatures = false;
  BootstrapOptions bootstrap;
  TeacherOptions teacher;
};

struct ExpertFit {
  std::string name;
  double log_likelihood = 0;         // alone, mean of a token, nats; with its new temperature
  double log_likelihood_before = 0;  // with the old one
  double temperature = 1, temperature_before = 1;
  std::optional<double> weight, weight_before;  // share or exponent, if the mixture has them
  std::optional<Interval> interval;             // of a weight that EM found, where there are units
  std::optional<double> responsibility;         // mean, under linear rules
  std::size_t best_of = 0;                      // texts that it alone predicts best of all experts
};

struct ParameterFit {
  std::string name;
  double before = 0, after = 0;
  bool at_limit = false;
};

struct FitResult {
  Mixture mixture;  // with what was found
  FitTarget target = FitTarget::kWeights;
  std::size_t texts = 0, units = 0;  // lessons, and those that the bootstrap drew
  std::size_t tokens = 0;            // that count
  double before = 0, after = 0;      // mean log-likelihood of a token, nats
  std::vector<ExpertFit> experts;
  std::optional<ParameterFit> parameter;  // of the gate
  int steps = 0;                          // of EM or Newton, or values tried by the search
  int passes = 0;                         // of all models over all texts
  std::vector<std::string> warnings;      // for people: what to think of the result
};

/// Throws as fit_target, Engine::examine, and Error(kInvalidInput) where no token counts or a token
/// is impossible under every expert.
FitResult fit_mixture(Engine& engine, std::span<const Lesson> lessons, const FitOptions& options);

/// The names for people and JSON: "weights", "exponents", "gate".
std::string_view target_name(FitTarget target);

}  // namespace mod::mix
