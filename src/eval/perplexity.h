// Perplexity of a text, in one of the conventions of eval/windows.h.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "eval/windows.h"
#include "mix/engine.h"

namespace mod::eval {

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

/// Throws as cut_text.
TextPerplexity measure_perplexity(mix::Engine& engine, std::span<const mix::Token> ids,
                                  const PerplexityOptions& options, const WindowDone& done = {});

}  // namespace mod::eval
