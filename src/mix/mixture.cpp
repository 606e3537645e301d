#include "mix/mixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mod/error.h"

namespace mod::mix {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw Error(ErrorCode::kInvalidInput, text); }

void check_parameters(std::string_view what, std::span<const Parameter> table,
                      std::span<const double> values) {
  if (values.size() != table.size()) {
    refuse(fmt::format("{}: {} parameters instead of {}", what, values.size(), table.size()));
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string problem = problem_of(table[i], values[i]);
    if (!problem.empty()) refuse(fmt::format("{}: {}", what, problem));
  }
}

void check_permission(const Mixture& mixture) {
  const ModeKind kind = mixture.mode.kind;
  for (const Modes* modes : {&mixture.rule->modes, &mixture.gate->modes}) {
    const Permission permitted = permission(*modes, kind);
    if (permitted.allowed) continue;
    refuse(fmt::format("mode {} is refused: {}", mode_of(kind).name, permitted.reason));
  }
  if (mixture.gate != find_gate("fixed") && !mixture.rule->gates.allowed) {
    refuse(fmt::format("gate {} is refused: {}", mixture.gate->name, mixture.rule->gates.reason));
  }
}

}  // namespace

void check_weights(const Mixture& mixture, std::span<const double> weights) {
  const bool wants = mixture.rule->weights != WeightUse::kRefused;
  if (weights.empty()) {
    if (wants && mixture.gate->needs_weights) {
      refuse(fmt::format("gate {} needs a weight for every expert", mixture.gate->name));
    }
    return;
  }
  if (!wants) refuse(fmt::format("rule {} takes no weights", mixture.rule->name));
  if (weights.size() != mixture.experts.size()) {
    refuse(fmt::format("{} weights for {} experts", weights.size(), mixture.experts.size()));
  }
  if (!has_own_exponents(mixture)) {
    log_prior(weights, mixture.experts.size());
    return;
  }
  const auto& w = weights;
  if (!std::all_of(w.begin(), w.end(), [](double x) { return std::isfinite(x); })) {
    refuse("an exponent is a finite number");
  }
  if (std::all_of(w.begin(), w.end(), [](double x) { return x == 0; })) {
    refuse("all exponents are 0: give at least one expert a weight");
  }
}

Mixture single_model(std::string name, std::shared_ptr<const nn::Model> model) {
  Mixture mixture;
  mixture.experts.push_back({std::move(name), std::move(model), 1});
  mixture.rule = find_rule("linear");
  mixture.gate = find_gate("fixed");
  mixture.weights = {1};
  return mixture;
}

void check_mixture(const Mixture& mixture) {
  if (mixture.experts.empty()) refuse("a mixture needs at least one expert");
  if (!mixture.rule || !mixture.gate) {
    throw Error(ErrorCode::kInternal, "a mixture without rule or gate");
  }
  check_parameters(fmt::format("rule {}", mixture.rule->name), mixture.rule->parameters,
                   mixture.rule_parameters);
  check_parameters(fmt::format("gate {}", mixture.gate->name), mixture.gate->parameters,
                   mixture.gate_parameters);
  for (const Expert& expert : mixture.experts) {
    if (!expert.model) throw Error(ErrorCode::kInternal, "an expert without a model");
    if (!(expert.temperature > 0) || expert.temperature > 1e6) {
      refuse(fmt::format("expert {}: a temperature is above 0", expert.name));
    }
  }
  std::vector<std::size_t> roles = mixture.roles;
  std::sort(roles.begin(), roles.end());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    if (roles[i] != i) refuse(fmt::format("rule {}: one expert a role", mixture.rule->name));
  }
  if (roles.size() != mixture.rule->roles.size() ||
      (!roles.empty() && roles.size() != mixture.experts.size())) {
    refuse(fmt::format("rule {} has {} roles for {} experts", mixture.rule->name,
                       mixture.rule->roles.size(), mixture.experts.size()));
  }
  check_permission(mixture);
  check_weights(mixture, mixture.weights);
}

bool has_own_exponents(const Mixture& mixture) {
  return mixture.rule->weights == WeightUse::kExponents && mixture.gate == find_gate("fixed");
}

std::size_t vocabulary(const Mixture& mixture) {
  std::size_t widest = 0;
  for (const Expert& expert : mixture.experts) {
    widest = std::max(widest, expert.model->vocabulary());
  }
  return widest;
}

std::vector<bool> active_experts(const Mixture& mixture, std::span<const double> weights) {
  std::vector<bool> active(mixture.experts.size(), true);
  for (std::size_t k = 0; k < weights.size(); ++k) active[k] = weights[k] != 0;
  return active;
}

}  // namespace mod::mix
