// What predicts tokens together: one model, or several whose predictions are combined.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mix/gate.h"
#include "mix/mode.h"
#include "mix/rule.h"
#include "nn/session.h"

namespace mod::mix {

struct Expert {
  std::string name;  // for people, unique
  std::shared_ptr<const nn::Model> model;
  double temperature = 1;  // divides its logits before its softmax
};

/// Ids from `first` to `last - 1`.
struct TokenRange {
  nn::Token first = 0, last = 0;
  bool operator==(const TokenRange&) const = default;
};

struct Mixture {
  std::vector<Expert> experts;  // at least one
  const Rule* rule = nullptr;   // not null where there are several experts
  std::vector<double> rule_parameters;
  const Gate* gate = nullptr;
  std::vector<double> gate_parameters;
  /// One an expert: shares, or exponents, as the rule wants. Empty: equal priors, or none because
  /// the rule refuses weights.
  std::vector<double> weights;
  /// Which expert has the rule's i-th role; empty where the rule has none.
  std::vector<std::size_t> roles;
  ModeSettings mode;
  /// Tokens that are never predicted: ascending. Padding rows, and ids that a tokenizer lacks.
  std::vector<TokenRange> masked;
};

/// One model as it is.
Mixture single_model(std::string name, std::shared_ptr<const nn::Model> model);

/// Throws Error(kInvalidInput) where numbers do not fit, values are out of their limits, or rule,
/// gate and mode do not go together.
void check_mixture(const Mixture& mixture);

/// The same for weights in place of the mixture's own.
void check_weights(const Mixture& mixture, std::span<const double> weights);

/// The weights are signed exponents as they were written: no gate's, and no prior.
bool has_own_exponents(const Mixture& mixture);

/// Tokens of a prediction: the widest expert's.
std::size_t vocabulary(const Mixture& mixture);

/// Whether an expert can have a say under these weights: it is not evaluated otherwise.
std::vector<bool> active_experts(const Mixture& mixture, std::span<const double> weights);

}  // namespace mod::mix
