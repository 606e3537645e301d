// How a model's predictions differ from another's on the same tokens: the numbers that users of
// llama.cpp's `perplexity --kl-divergence` know, with its formulas. Errors are one standard error
// and take tokens as independent. Pure; double precision.
#pragma once

#include <cstddef>
#include <span>

namespace mod::eval {

/// One scored token.
struct TokenComparison {
  double nll = 0, base_nll = 0;  // -log p(the token that came), nats
  double kl = 0;                 // KL(base || model) over all tokens, nats
  bool same_top = false;         // both hold the same token most likely

  double probability_change() const;  // p - p_base of the token that came
};

struct Estimate {
  double value = 0, error = 0;
};

/// Quantiles, linear between the two nearest values.
struct Spread {
  double maximum = 0, p999 = 0, p99 = 0, p95 = 0, p90 = 0, p75 = 0, median = 0, p25 = 0, p10 = 0,
         p5 = 0, p1 = 0, p01 = 0, minimum = 0;
};

struct Divergence {
  std::size_t tokens = 0;
  Estimate ppl, base_ppl;
  double correlation = 0;  // of the two mean ln PPL; NaN where one does not vary
  Estimate log_ratio;      // ln(PPL / PPL of the base)
  Estimate ratio, difference;
  Estimate kl;
  Spread kl_spread;
  Estimate change;  // of the probability of the token that came
  Spread change_spread;
  Estimate rms_change;
  Estimate same_top;  // share, 0 to 1
};

/// Throws Error(kInvalidInput) for fewer than two tokens.
Divergence summarize(std::span<const TokenComparison> tokens);

}  // namespace mod::eval
