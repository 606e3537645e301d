#include "mix/blend.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mod/error.h"

namespace mod::mix {
namespace {

/// Rules with roles: their exponents, found by asking for the contribution of 1.
std::vector<double> role_exponents(const Mixture& mixture) {
  const std::size_t n = mixture.experts.size();
  std::vector<double> out(n);
  for (std::size_t role = 0; role < n; ++role) {
    std::vector<double> one(n, 0), terms(n);
    one[role] = 1;
    attribute(*mixture.rule, mixture.rule_parameters, {}, one, terms);
    out[mixture.roles[role]] = terms[role];
  }
  return out;
}

/// From the order of the experts to that of the rule's roles.
template <typename T>
std::vector<T> in_roles(const Mixture& mixture, std::span<const T> of) {
  std::vector<T> out(of.begin(), of.end());
  for (std::size_t i = 0; i < mixture.roles.size(); ++i) out[i] = of[mixture.roles[i]];
  return out;
}

/// What combine() takes for weights.
std::vector<double> rule_weights(const Mixture& mixture, std::span<const double> weights) {
  if (mixture.rule->weights == WeightUse::kRefused) return {};
  std::vector<double> out(weights.begin(), weights.end());
  if (mixture.rule->weights == WeightUse::kExponents) return out;
  for (double& w : out) w = std::log(w);
  return out;
}

bool is_known(const StreamState& stream, std::size_t token) {
  if (!stream.is_heard(token)) return true;
  const std::size_t n = stream.slots.size();
  for (std::size_t k = 0; k < n; ++k) {
    if (stream.active[k] && stream.scores[token * n + k] == kUnknown) return false;
  }
  return true;
}

void set_opinions(std::span<const double> weights, StreamState& stream) {
  stream.opinions.clear();
  for (std::size_t k = 0; k < stream.slots.size(); ++k) {
    const Slot& slot = stream.slots[k];
    stream.opinions.push_back(stream.active[k] && slot.is_current() ? slot.row.opinion()
                                                                    : Opinion{});
    stream.opinions.back().weight = weights[k];
  }
}

void publish(std::span<const float> scores, double log_total, bool is_mixture,
             StreamState& stream) {
  stream.prediction = {scores, log_total, is_mixture, stream.opinions};
  stream.has_prediction = true;
}

}  // namespace

void set_weights(const Mixture& mixture, std::span<const double> weights, StreamState& stream) {
  const std::size_t n = mixture.experts.size();
  stream.weights.assign(weights.begin(), weights.end());
  stream.hears = mixture.gate->hears;
  stream.active = active_experts(mixture, weights);
  const auto some = std::find(stream.active.begin(), stream.active.end(), true);
  const auto at = static_cast<std::size_t>(some - stream.active.begin());
  stream.alone = std::count(some, stream.active.end(), true) == 1 &&
                 (!has_own_exponents(mixture) || weights[at] == 1);
  if (mixture.rule->weights == WeightUse::kRefused || has_own_exponents(mixture)) {
    stream.log_prior = log_prior({}, n);
  } else {
    stream.log_prior = log_prior(weights, n);
  }
  stream.gate = start_gate(*mixture.gate, stream.log_prior);
  stream.observed = 0;
}

void listen(const Mixture& mixture, StreamState& stream) {
  const Gate& gate = *mixture.gate;
  if (stream.observed == 0) stream.gate = start_gate(gate, stream.log_prior);
  const std::size_t n = stream.slots.size();
  if (!gate.hears.any()) stream.observed = stream.tokens.size();
  for (; stream.observed < stream.tokens.size(); ++stream.observed) {
    if (!is_known(stream, stream.observed)) return;
    const Mark& mark = stream.marks[stream.observed];
    std::vector<double> logprobs;
    if (stream.is_heard(stream.observed)) {
      const double* first = stream.score(stream.observed);
      for (std::size_t k = 0; k < n; ++k) logprobs.push_back(stream.active[k] ? first[k] : 0);
    }
    observe(gate, mixture.gate_parameters, {logprobs, mark.part, mark.starts_turn}, stream.gate);
  }
}

std::vector<double> weights_now(const Mixture& mixture, const StreamState& stream) {
  if (mixture.rule->weights == WeightUse::kRefused) return role_exponents(mixture);
  if (has_own_exponents(mixture)) return stream.weights;
  std::vector<double> entropies, out(stream.slots.size());
  if (mixture.gate->needs_entropies) {
    for (const Slot& slot : stream.slots) entropies.push_back(slot.row.entropy);
  }
  log_weights(*mixture.gate, mixture.gate_parameters, stream.gate, entropies, out);
  for (double& w : out) w = std::exp(w);
  return out;
}

void mix_rows(const Mixture& mixture, std::span<const double> weights,
              std::span<const float* const> rows, std::span<float> out, const Context& context) {
  const std::vector<double> of_rule = rule_weights(mixture, weights);
  const std::vector<const float*> ordered = in_roles(mixture, rows);
  combine(*mixture.rule, {mixture.rule_parameters, of_rule, ordered, out.size()}, out, context);
}

std::vector<double> attribute_token(const Mixture& mixture, std::span<const double> weights,
                                    std::span<const double> logprobs) {
  std::vector<double> terms(logprobs.size()), out(logprobs.size());
  attribute(*mixture.rule, mixture.rule_parameters, rule_weights(mixture, weights),
            in_roles(mixture, logprobs), terms);
  out = terms;
  for (std::size_t i = 0; i < mixture.roles.size(); ++i) out[mixture.roles[i]] = terms[i];
  return out;
}

void predict_mixture(const Mixture& mixture, const Context& context, StreamState& stream) {
  listen(mixture, stream);
  const std::vector<double> weights = weights_now(mixture, stream);
  if (stream.alone) {
    const auto only = std::find(stream.active.begin(), stream.active.end(), true);
    return predict_expert(static_cast<std::size_t>(only - stream.active.begin()), weights, true,
                          stream);
  }
  std::vector<const float*> rows;
  std::size_t width = 0;
  for (const Slot& slot : stream.slots) {
    rows.push_back(slot.row.scores.data());
    width = std::max(width, slot.row.scores.size());
  }
  stream.mixed.resize(width);
  mix_rows(mixture, weights, rows, stream.mixed, context);
  set_opinions(weights, stream);
  publish(stream.mixed, 0, true, stream);
}

void predict_expert(std::size_t expert, std::span<const double> weights, bool is_mixture,
                    StreamState& stream) {
  set_opinions(weights, stream);
  const Slot& slot = stream.slots[expert];
  publish(slot.row.scores, slot.row.log_total, is_mixture, stream);
}

void predict_partial(std::span<const double> weights, StreamState& stream) {
  set_opinions(weights, stream);
  publish(stream.mixed, 0, false, stream);
}

}  // namespace mod::mix
