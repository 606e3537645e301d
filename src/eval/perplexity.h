// Perplexity of a text, in the two conventions that people compare. They differ in what every token
// is predicted from, so their numbers must never be compared with one another.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mix/engine.h"

namespace mod::eval {

enum class PerplexityConvention {
  kLmEval,    // lm-evaluation-harness' rolling windows: every token once, from all before it in its
              // window; the first window starts with a begin token
  kLlamaCpp,  // llama.cpp's perplexity: whole windows only, and of each the second half
};

/// "lm-eval" and "llama.cpp".
std::string_view convention_name(PerplexityConvention convention);

struct PerplexityOptions {
  PerplexityConvention convention = PerplexityConvention::kLmEval;
  std::size_t window = 0;  // tokens; 0: the model's context, for llama.cpp at most 512
  /// lm-eval: what the first window starts with; without one the first token is not scored.
  /// llama.cpp: what the first token of every window is replaced by, if the tokenizer adds one.
  std::optional<mix::Token> begin;
};

struct TextPerplexity {
  double nll = 0;          // mean negative log-likelihood of a scored token, in nats
  double ppl = 0;          // exp(nll)
  double stderr_ppl = 0;   // lm-eval: bootstrap over windows, or over tokens if there are less than
                           // two; llama.cpp: ppl * sqrt((E[nll^2] - E[nll]^2) / (tokens - 1))
  std::size_t tokens = 0;  // scored
  std::size_t window = 0;
};

/// Negative log-likelihoods of the scored tokens of a window, in order.
using WindowDone = std::function<void(std::span<const double> nll)>;

/// `ids`: the text without special tokens (lm-eval), or as the tokenizer makes it (llama.cpp).
/// Throws Error(kInvalidInput) for a text that is too short or a window beyond the context.
TextPerplexity measure_perplexity(mix::Engine& engine, std::span<const mix::Token> ids,
                                  const PerplexityOptions& options, const WindowDone& done = {});

}  // namespace mod::eval
