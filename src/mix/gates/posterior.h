// The posterior of a sum of log-likelihoods, which `prompt` and `turn` share.
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include "mix/gate.h"

namespace mod::mix {

inline void add_scores(std::span<const double> logprobs, std::vector<double>& score) {
  for (std::size_t k = 0; k < logprobs.size(); ++k) score[k] += logprobs[k];
}

/// out = prior + score / tau. Where no expert is possible any more (each gave some token
/// probability 0), the prior.
inline void posterior(double tau, const GateState& state, std::span<double> out) {
  bool possible = false;
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = state.prior[k] + state.score[k] / tau;
    possible = possible || out[k] != -std::numeric_limits<double>::infinity();
  }
  for (std::size_t k = 0; !possible && k < out.size(); ++k) out[k] = state.prior[k];
}

}  // namespace mod::mix
