// Who was responsible for a token: what every expert of a mixture thought of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cpu/context.h"
#include "mix/mixture.h"
#include "mix/prediction.h"

namespace mod::mix {

struct Candidate {
  Token id = 0;
  double logprob = 0;
};

struct TokenExpert {
  bool evaluated = false;  // if not, only the weight is known
  double logprob = 0;      // of the token, natural
  std::uint32_t rank = 0;  // of the token, from 1
  double weight = 0;       // a share, or an exponent
  /// What mix/rule.h's attribute() says; NaN where an expert with a weight was not evaluated.
  double responsibility = 0;
  std::vector<Candidate> best;  // as many as were asked for
};

struct Credits {
  std::vector<TokenExpert> experts;  // in order of the mixture
  std::vector<Candidate> best;       // of the mixture
  /// Jensen-Shannon divergence of the evaluated experts under equal weights, in nats: 0 where they
  /// agree, at most ln N.
  double disagreement = 0;
  /// The expert that finds the token most probable: under rule linear the one with the largest
  /// responsibility relative to its weight.
  std::size_t leader = 0;
  /// The mixture's most probable token is not that of the expert with the largest weight. Not known
  /// where an expert was drawn, or where that one was not evaluated.
  std::optional<bool> changed;
};

struct CreditOptions {
  std::size_t candidates = 0;  // best tokens of each expert to keep
  bool disagreement = false;   // costs a pass over all rows
};

Credits credit(const Mixture& mixture, const Prediction& prediction, Token token,
               const CreditOptions& options, const Context& context);

/// The `count` most probable tokens, best first; of equal ones the lowest id first.
std::vector<Candidate> best_candidates(std::span<const float> scores, double log_total,
                                       std::size_t count);

}  // namespace mod::mix
