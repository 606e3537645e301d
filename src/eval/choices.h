// Multiple choice by log-likelihood, as lm-evaluation-harness does it.
#pragma once

#include <span>
#include <vector>

#include "eval/eval_model.h"
#include "eval/item_prompt.h"

namespace mod::eval {

struct ChoiceScores {
  std::vector<double> logprobs;  // natural, of each choice's tokens together
  std::size_t evaluated = 0;     // tokens that went through the weights
};

/// What the choices share is read once, also with what `stream` holds already. Throws as
/// mix::Engine::score.
ChoiceScores score_choices(mix::Engine& engine, mix::Stream& stream,
                           std::span<const ChoicePrompt> choices);

/// Index of the largest value; the first of equal ones.
std::size_t best_choice(std::span<const double> values);

}  // namespace mod::eval
