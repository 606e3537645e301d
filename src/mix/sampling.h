// The values that decide how a token is chosen from a prediction. The chain is applied in the order
// of the members: bias and penalties change scores, temperature flattens, top-k, top-p and min-p
// leave tokens out, and one of the rest is drawn.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "mix/prediction.h"

namespace mod::mix {

struct SamplingOptions {
  std::map<Token, double> logit_bias;  // added to the score
  // Of every token of prompt and answer: a positive score is divided, a negative one multiplied
  // (Keskar et al. 2019, as Hugging Face's generate does). 1: none.
  double repetition_penalty = 1;
  double frequency_penalty = 0;  // subtracted once for every time the token stands in the answer
  double presence_penalty = 0;   // subtracted if the token stands in the answer
  double temperature = 0;        // 0: the most probable token (greedy); the rest is then unused
  std::int64_t top_k = 0;        // so many of the most probable; 0: all
  double top_p = 1;              // the fewest most probable that have this much together
  double min_p = 0;              // those with at least this share of the most probable one's
  std::uint64_t seed = 0;

  bool is_greedy() const { return temperature == 0; }
  /// The most probable token, without bias and penalties.
  bool is_plain_greedy() const;
  /// Tokens are drawn with the probabilities that were predicted.
  bool is_neutral() const;
};

/// Throws Error(kInvalidInput) for a value out of its range, or a biased token that there is not.
void check_sampling(const SamplingOptions& options, std::size_t vocabulary);

/// "temperature 0.7, top-p 0.8, seed 1", or "greedy".
std::string sampling_text(const SamplingOptions& options);

}  // namespace mod::mix
