// Answers many questions with one model: several texts go through the weights together, and as soon
// as one is finished the next takes its place.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eval/eval_model.h"
#include "eval/item_prompt.h"

namespace mod::eval {

/// One prompt to be answered `samples` times.
struct Question {
  ItemPrompt prompt;
  std::string key;  // with the seed it decides the draws; unique, so that no order matters
};

struct Answer {
  std::string text;
  std::size_t new_tokens = 0;
  std::vector<std::uint64_t> passes = {};  // through the weights of each expert
  mix::Finish finish = mix::Finish::kNone;
};

struct BatchOptions {
  std::size_t batch = 0;  // texts at a time; 0: as memory allows, at most kLargestBatch
  int samples = 1;
  mix::GenerationOptions generation;  // the seed of an answer is made from this one, key and sample
};

/// More texts gain little: the products are bound by the cores then (docs/eval.md has the numbers).
inline constexpr std::size_t kLargestBatch = 32;

/// Texts of `tokens` tokens that fit into a quarter of the available memory, 1 to kLargestBatch.
std::size_t automatic_batch(const EvalModel& model, std::size_t tokens);

/// A question is done when all its samples are; `answers` has them in order. A prompt that leaves
/// no room for an answer gives empty ones that finished as kContext.
using QuestionDone = std::function<void(std::size_t question, std::vector<Answer> answers)>;

/// Calls `done` for every question, in the order in which they finish, and `after_pass` (if any)
/// after each pass through the weights. Returns false where the context said stop: unfinished
/// questions are then left out. Throws as mix::Engine::advance and mix::check_sampling.
bool answer_all(EvalModel& model, std::span<const Question> questions, const BatchOptions& options,
                const QuestionDone& done, const std::function<void()>& after_pass = {});

}  // namespace mod::eval
