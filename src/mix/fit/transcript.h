// What every expert thought of the tokens of a text: enough to find the gate's weights before each
// of them, and the likelihood under a linear rule, for any parameters of the gate without running a
// model again.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "mix/mixture.h"

namespace mod::mix {

/// One token of a text, in order.
struct Heard {
  Part part = Part::kAnswer;
  bool starts_turn = false;
  bool predicted = false;  // every expert has something before it; else it has no numbers
  bool counts = false;     // it is one of those whose likelihood matters; only if predicted
};

/// Numbers of tokens that are not predicted, and those that nobody asked for, are 0.
struct Transcript {
  std::size_t experts = 0;
  std::vector<Heard> tokens;
  std::vector<double> heard;      // tokens x experts: ln p_k without masks, as gates hear it
  std::vector<double> scores;     // tokens x experts: ln p_k under the masks, as rules mix it
  std::vector<double> entropies;  // tokens x experts: nats, without masks, before the token
  std::size_t unit = 0;           // texts of one unit depend on one another

  void resize(std::size_t length);
  std::span<const double> row(std::span<const double> table, std::size_t token) const {
    return table.subspan(token * experts, experts);
  }
};

/// Calls visit(token, log-weights of the gate before it) for each token that counts, as an engine
/// would have them (mix/blend.h). Not for rules that refuse weights.
void replay(
    const Mixture& mixture, const Transcript& text,
    const std::function<void(std::size_t token, std::span<const double> log_weights)>& visit);

/// Mean of ln sum_k w_k p_k over the tokens that count: the likelihood under a linear rule with any
/// gate. NaN if none counts.
double linear_likelihood(const Mixture& mixture, std::span<const Transcript> texts);

/// Mean share that each expert has in the probability of the tokens under a linear rule
/// (responsibilities; they sum to 1).
std::vector<double> mean_responsibilities(const Mixture& mixture,
                                          std::span<const Transcript> texts);

/// Mean of ln p_k over the tokens that count, for each expert.
std::vector<double> expert_likelihoods(std::span<const Transcript> texts, std::size_t experts);

/// How many texts each expert alone predicts best; the first of equal ones.
std::vector<std::size_t> best_experts(std::span<const Transcript> texts, std::size_t experts);

std::size_t counted_tokens(std::span<const Transcript> texts);

}  // namespace mod::mix
