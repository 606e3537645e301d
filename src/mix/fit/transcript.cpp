#include "mix/fit/transcript.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mod::mix {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// ln p of a token under a linear rule; `terms` become ln (w_k p_k).
double mixed(std::span<const double> log_weights, std::span<const double> scores,
             std::vector<double>& terms) {
  terms.resize(scores.size());
  for (std::size_t k = 0; k < scores.size(); ++k) {
    terms[k] = log_weights[k] == -kInf ? -kInf : log_weights[k] + scores[k];
  }
  return log_sum_exp(terms);
}

/// The gate's starting point: shares; exponents that no gate touches have none.
std::vector<double> prior_of(const Mixture& mixture) {
  const bool own = mixture.rule->weights == WeightUse::kExponents && !mixture.gate->hears.any() &&
                   !mixture.gate->needs_entropies;
  return log_prior(own ? std::vector<double>() : mixture.weights, mixture.experts.size());
}

}  // namespace

void Transcript::resize(std::size_t length) {
  tokens.resize(length);
  heard.resize(length * experts);
  scores.resize(length * experts);
  entropies.resize(length * experts);
}

void replay(
    const Mixture& mixture, const Transcript& text,
    const std::function<void(std::size_t token, std::span<const double> log_weights)>& visit) {
  const Gate& gate = *mixture.gate;
  const std::span<const double> parameters = mixture.gate_parameters;
  GateState state = start_gate(gate, prior_of(mixture));
  std::vector<double> weights(text.experts);
  for (std::size_t t = 0; t < text.tokens.size(); ++t) {
    const Heard& token = text.tokens[t];
    if (token.counts) {
      const auto entropies =
          gate.needs_entropies ? text.row(text.entropies, t) : std::span<const double>();
      log_weights(gate, parameters, state, entropies, weights);
      visit(t, weights);
    }
    if (!gate.hears.any()) continue;
    const bool listens = token.predicted && gate.hears(token.part);
    observe(gate, parameters,
            {listens ? text.row(text.heard, t) : std::span<const double>(), token.part,
             token.starts_turn},
            state);
  }
}

double linear_likelihood(const Mixture& mixture, std::span<const Transcript> texts) {
  double sum = 0;
  std::vector<double> terms;
  for (const Transcript& text : texts) {
    replay(mixture, text, [&](std::size_t t, std::span<const double> log_weights) {
      sum += mixed(log_weights, text.row(text.scores, t), terms);
    });
  }
  return sum / static_cast<double>(counted_tokens(texts));
}

std::vector<double> mean_responsibilities(const Mixture& mixture,
                                          std::span<const Transcript> texts) {
  std::vector<double> sums(mixture.experts.size(), 0), terms;
  for (const Transcript& text : texts) {
    replay(mixture, text, [&](std::size_t t, std::span<const double> log_weights) {
      const double total = mixed(log_weights, text.row(text.scores, t), terms);
      for (std::size_t k = 0; k < sums.size(); ++k) {
        sums[k] += std::exp(total == -kInf ? log_weights[k] : terms[k] - total);
      }
    });
  }
  for (double& sum : sums) sum /= static_cast<double>(counted_tokens(texts));
  return sums;
}

std::vector<std::size_t> best_experts(std::span<const Transcript> texts, std::size_t experts) {
  std::vector<std::size_t> counts(experts, 0);
  for (const Transcript& text : texts) {
    const std::vector<double> of = expert_likelihoods({&text, 1}, experts);
    if (counted_tokens({&text, 1}) == 0) continue;
    ++counts[static_cast<std::size_t>(std::max_element(of.begin(), of.end()) - of.begin())];
  }
  return counts;
}

std::vector<double> expert_likelihoods(std::span<const Transcript> texts, std::size_t experts) {
  std::vector<double> sums(experts, 0);
  for (const Transcript& text : texts) {
    for (std::size_t t = 0; t < text.tokens.size(); ++t) {
      if (!text.tokens[t].counts) continue;
      for (std::size_t k = 0; k < experts; ++k) sums[k] += text.row(text.scores, t)[k];
    }
  }
  for (double& sum : sums) sum /= static_cast<double>(counted_tokens(texts));
  return sums;
}

std::size_t counted_tokens(std::span<const Transcript> texts) {
  std::size_t count = 0;
  for (const Transcript& text : texts) {
    count += static_cast<std::size_t>(std::count_if(
        text.tokens.begin(), text.tokens.end(), [](const Heard& token) { return token.counts; }));
  }
  return count;
}

}  // namespace mod::mix
