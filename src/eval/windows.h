// The pieces in which a text goes through a model to be measured, in the two conventions that
// people compare. They differ in what every token is predicted from, so their numbers must never be
// compared with one another.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mix/prediction.h"

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

struct Window {
  std::vector<mix::Token> input, targets;  // targets[i] comes after input[i]
  std::size_t first = 0;                   // the first prediction that counts

  bool counts(std::size_t position) const { return position >= first && position < targets.size(); }
};

struct Windows {
  std::vector<Window> all;
  std::size_t length = 0;  // tokens of a whole one
};

/// `ids`: the text without special tokens (lm-eval), or as the tokenizer makes it (llama.cpp).
/// `context`: most tokens that a model takes. Throws Error(kInvalidInput) for a text that is too
/// short or a window beyond the context.
Windows cut_text(std::span<const mix::Token> ids, const PerplexityOptions& options,
                 std::size_t context);

}  // namespace mod::eval
