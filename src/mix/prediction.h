// What is predicted for the next token of a text.
#pragma once

#include <cstdint>
#include <span>

#include "nn/session.h"

namespace mod::mix {

using nn::Token;

/// What one expert predicts, after its temperature and the masks. Without scores: it was not
/// evaluated for this token.
struct Opinion {
  std::span<const float> scores;  // log p(token) = scores[token] - log_total
  double log_total = 0;
  double entropy = 0;  // nats, before the masks
  double weight = 0;   // a share, or an exponent under a rule of exponents

  bool is_known() const { return !scores.empty(); }
  double logprob(Token token) const {
    return static_cast<double>(scores[static_cast<std::size_t>(token)]) - log_total;
  }
};

/// log p(token) = scores[token] - log_total. A masked token has the score -infinity.
struct Prediction {
  std::span<const float> scores;  // one a token of the vocabulary
  double log_total = 0;           // log of the sum of exp(scores)
  /// The scores are the mixture's distribution. Else tokens are chosen as the mixture would choose
  /// them, but its probabilities are not known (an expert was drawn, or left out).
  bool is_mixture = true;
  std::span<const Opinion> experts;  // one an expert of the mixture

  double logprob(Token token) const {
    return static_cast<double>(scores[static_cast<std::size_t>(token)]) - log_total;
  }
};

}  // namespace mod::mix
