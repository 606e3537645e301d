// How far a model's predictions of a text are from another's: both read the text side by side, so
// that no predictions need be kept on disk.
#pragma once

#include <functional>
#include <span>

#include "eval/stats/divergence.h"
#include "eval/windows.h"
#include "mix/engine.h"

namespace mod::eval {

/// Of the next token, under both. The distributions are compared over the tokens to which both give
/// a chance, after dividing each by what it gives to these: vocabularies may be padded differently,
/// and a mixture masks what not all of its experts know. Throws Error(kInvalidInput) for a token
/// that is not one of them.
TokenComparison compare(const mix::Prediction& model, const mix::Prediction& base,
                        mix::Token token);

inline constexpr std::size_t kDivergenceBytes = 64u << 20;

/// The comparisons of a window's scored tokens, in order.
using ComparedWindow = std::function<void(std::span<const TokenComparison> tokens)>;

/// Cuts the text as measure_perplexity does, in windows that fit both. The tokenizers must agree
/// (bundle/compatibility.h). Memory beside the caches: `bytes` of predictions, one at least. Throws
/// as cut_text and compare.
Divergence measure_divergence(mix::Engine& model, mix::Engine& base,
                              std::span<const mix::Token> ids, const PerplexityOptions& options,
                              const ComparedWindow& done = {},
                              std::size_t bytes = kDivergenceBytes);

}  // namespace mod::eval
