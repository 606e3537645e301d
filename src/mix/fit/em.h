// Weights of a linear mixture by expectation-maximisation: the weights under which the tokens of a
// text are most probable. The log-likelihood is concave in the weights, so the optimum is global,
// and no step lowers it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpu/context.h"

namespace mod::mix {

/// ln p_k of the reference tokens: tokens x experts, row by row.
struct TokenScores {
  std::span<const double> logprobs;
  std::size_t experts = 0;

  std::size_t tokens() const { return experts == 0 ? 0 : logprobs.size() / experts; }
  std::span<const double> token(std::size_t t) const {
    return logprobs.subspan(t * experts, experts);
  }
};

struct EmOptions {
  std::vector<double> start;      // empty: equal weights; a weight of 0 stays 0
  std::vector<double> dirichlet;  // prior counts a_k >= 1; empty: all 1, plain likelihood
  int most_iterations = 10000;
  double tolerance = 1e-9;  // of the mean objective of a token (nats) between two steps
};

struct EmResult {
  std::vector<double> weights;     // sum to 1
  double mean_log_likelihood = 0;  // nats a token, of the tokens that some expert permits
  std::vector<double> objective;   // mean log-likelihood + prior before each step, and at the end
  std::size_t impossible = 0;      // tokens to which every expert gives probability 0: left out
  bool converged = false;
};

/// Throws Error(kInvalidInput) for no tokens, NaN, or options that do not fit.
EmResult fit_weights(const TokenScores& scores, const EmOptions& options = {});

/// Mean of ln sum w_k p_k over the tokens, in nats; -inf where one is impossible.
double mean_log_likelihood(const TokenScores& scores, std::span<const double> weights);

struct Interval {
  double low = 0, high = 0;
};

struct BootstrapOptions {
  int resamples = 200;
  double level = 0.95;
  std::uint64_t seed = 0;
};

/// Percentile intervals of the weights over resampled texts. `texts`: the first token of each text,
/// ascending, beginning with 0; the tokens of a text depend on one another, so texts are drawn, not
/// tokens (empty: every token is a text). Independent of threads.
std::vector<Interval> bootstrap_weights(const TokenScores& scores,
                                        std::span<const std::size_t> texts, const EmOptions& em,
                                        const BootstrapOptions& options, const Context& context);

/// Weights below this say that the mixture does not need the expert on this data.
inline constexpr double kUselessWeight = 0.02;

}  // namespace mod::mix
