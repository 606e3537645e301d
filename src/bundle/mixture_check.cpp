// What rule, gate, mode, roles and weights demand of each other.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "bundle/mixture_reader.h"
#include "checkpoint/quote.h"

namespace mod::bundle::detail {
namespace {

constexpr double kMostShare = 1e9, kMostExponent = 1000;

bool refuses_weights(const MixtureFile& mixture) {
  return mixture.rule->weights == mix::WeightUse::kRefused;
}

/// Equal weights of three digits, which is what people try first.
std::string equal_weight(const MixtureFile& mixture) {
  return fmt::format("{:.3g}", 1.0 / static_cast<double>(mixture.experts.size()));
}

/// The option and the very lines of the file.
std::string weight_remedy(const MixtureFile& mixture) {
  const std::string weight = equal_weight(mixture);
  std::string option, lines;
  for (const ExpertEntry& expert : mixture.experts) {
    option += fmt::format("{}{}={}", option.empty() ? "" : ",", expert.name, weight);
    lines += fmt::format("\n  - {{name: {}, model: {}, weight: {}}}", expert.name,
                         checkpoint::printable(expert.model), weight);
  }
  return fmt::format("write, for example, --weights {}, or in the file:\nexperts:{}", option,
                     lines);
}

void check_weight(const MixtureFile& mixture, const ExpertEntry& expert, Problems& problems) {
  const double weight = *expert.weight;
  const bool exponents = mixture.rule->weights == mix::WeightUse::kExponents;
  const bool fixed = mixture.gate->needs_weights;
  const std::string begin = fmt::format("the weight of '{}' is {}", expert.name, weight);
  if (exponents && fixed) {
    if (std::abs(weight) <= kMostExponent) return;  // false for NaN
    problems.error(expert.place,
                   fmt::format("{}, but must be {} to {}", begin, -kMostExponent, kMostExponent));
  } else if (exponents && weight < 0) {
    problems.error(expert.place,
                   fmt::format("{}, but gate '{}' takes the weights for its prior, and no prior is "
                               "negative",
                               begin, mixture.gate->name),
                   "write 'gate: fixed' under 'mixture:' for signed exponents");
  } else if (weight < 0 && std::isfinite(weight)) {
    problems.error(
        expert.place,
        fmt::format("{}; negative weights mean nothing under rule '{}'", begin, mixture.rule->name),
        "write 'rule: log_linear' and 'gate: fixed' under 'mixture:' for signed "
        "exponents");
  } else if (!(weight >= 0 && weight <= kMostShare)) {
    problems.error(expert.place, fmt::format("{}, but must be 0 to {}", begin, kMostShare));
  }
}

void check_some_weights(const MixtureFile& mixture, Problems& problems) {
  for (const ExpertEntry& expert : mixture.experts) {
    if (expert.weight) continue;
    problems.error(expert.place,
                   fmt::format("'{}' has no weight while other experts have one", expert.name),
                   "write 'weight: ...' for every expert or for none; 0 leaves one out");
  }
}

void check_weights(const MixtureFile& mixture, Problems& problems) {
  const std::vector<double> weights = mixture.weights();
  for (const ExpertEntry& expert : mixture.experts) {
    if (expert.weight) check_weight(mixture, expert, problems);
  }
  if (weights.empty() && mixture.gate->needs_weights) {
    problems.error(mixture.gate_place,
                   fmt::format("gate '{}' needs a weight for every expert: they are never silently "
                               "equal",
                               mixture.gate->name),
                   weight_remedy(mixture));
  } else if (weights.empty()) {
    problems.note(mixture.gate_place,
                  fmt::format("no weights are written, so gate '{}' starts from equal ones (1/{})",
                              mixture.gate->name, mixture.experts.size()));
  } else if (weights.size() < mixture.experts.size()) {
    check_some_weights(mixture, problems);
  } else if (std::all_of(weights.begin(), weights.end(), [](double w) { return w == 0; })) {
    problems.error(mixture.experts.front().place, "the weights of all experts are 0",
                   "give at least one expert another weight");
  }
}

void refuse_weights(const MixtureFile& mixture, Problems& problems) {
  for (const ExpertEntry& expert : mixture.experts) {
    if (!expert.weight) continue;
    problems.error(
        expert.place,
        fmt::format("'{}' has a weight, but rule '{}' takes none: its strength is set by "
                    "its parameters",
                    expert.name, mixture.rule->name),
        "remove 'weight'");
  }
}

std::string role_remedy(const MixtureFile& mixture) {
  return fmt::format("write one expert for each role: {}", joined(mixture.rule->roles));
}

void refuse_roles(const MixtureFile& mixture, Problems& problems) {
  for (const ExpertEntry& expert : mixture.experts) {
    if (expert.role.empty()) continue;
    problems.error(expert.place,
                   fmt::format("'{}' has the role {}, but rule '{}' has no roles", expert.name,
                               in_quotes(expert.role), mixture.rule->name),
                   "remove 'role', or choose a rule with roles (contrastive, proxy)");
  }
}

/// The holder of each role of the rule; nullptr where nobody has it.
std::vector<const ExpertEntry*> cast_roles(MixtureFile& mixture, Problems& problems) {
  const auto roles = mixture.rule->roles;
  std::vector<const ExpertEntry*> cast(roles.size());
  for (ExpertEntry& expert : mixture.experts) {
    const std::string role = expert.role.empty() ? expert.name : expert.role;
    const auto found = std::find(roles.begin(), roles.end(), role);
    if (found == roles.end()) {
      const std::string what =
          expert.role.empty() ? "has no role"
                              : "has the unknown role " + in_quotes(role) +
                                    (role.size() <= 64 ? did_you_mean(role, roles) : std::string());
      problems.error(expert.place,
                     fmt::format("'{}' {} under rule '{}'", expert.name, what, mixture.rule->name),
                     fmt::format("write 'role: NAME' with one of: {}", joined(roles)));
      continue;
    }
    expert.role = role;
    const ExpertEntry*& holder = cast[static_cast<std::size_t>(found - roles.begin())];
    if (holder != nullptr) {
      problems.error(
          expert.place,
          fmt::format("'{}' and '{}' both have the role '{}'", holder->name, expert.name, role),
          role_remedy(mixture));
    }
    holder = &expert;
  }
  return cast;
}

void check_roles(MixtureFile& mixture, Problems& problems) {
  const auto roles = mixture.rule->roles;
  const auto cast = cast_roles(mixture, problems);
  for (std::size_t i = 0; i < roles.size(); ++i) {
    if (cast[i] != nullptr) continue;
    problems.error(
        mixture.rule_place,
        fmt::format("no expert has the role '{}' of rule '{}'", roles[i], mixture.rule->name),
        role_remedy(mixture));
  }
}

}  // namespace

void check_mode(const MixtureFile& mixture, Problems& problems) {
  const mix::Rule& rule = *mixture.rule;
  const mix::Gate& gate = *mixture.gate;
  if (!rule.gates.allowed && !gate.needs_weights) {
    problems.error(mixture.gate_place,
                   fmt::format("gate '{}' is refused: {}", gate.name, rule.gates.reason),
                   "remove 'gate', or write 'gate: fixed'");
  }
  const std::string_view mode = mode_of(mixture.mode.kind).name;
  for (const mix::Modes* modes : {&rule.modes, &gate.modes}) {
    const mix::Permission says = permission(*modes, mixture.mode.kind);
    if (says.allowed) continue;
    problems.error(mixture.mode_place, fmt::format("mode '{}' is refused: {}", mode, says.reason),
                   "write 'mode: exact'");
  }
}

void check_experts(MixtureFile& mixture, Problems& problems) {
  if (mixture.rule->roles.empty()) {
    refuse_roles(mixture, problems);
  } else {
    check_roles(mixture, problems);
  }
  if (refuses_weights(mixture)) {
    refuse_weights(mixture, problems);
  } else {
    check_weights(mixture, problems);
  }
}

}  // namespace mod::bundle::detail
