// What is predicted for the next token of a text.
#pragma once

#include <cstdint>
#include <span>

#include "nn/session.h"

namespace mod::mix {

using nn::Token;

/// log p(token) = scores[token] - log_total. A masked token has the score -infinity.
struct Prediction {
  std::span<const float> scores;  // one a token of the vocabulary
  double log_total = 0;           // log of the sum of exp(scores)

  double logprob(Token token) const {
    return static_cast<double>(scores[static_cast<std::size_t>(token)]) - log_total;
  }
};

}  // namespace mod::mix
