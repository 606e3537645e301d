// Writes an answer as it comes, and what is said about it at the end.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "command.h"
#include "mix/generation.h"
#include "model_options.h"
#include "print.h"
#include "speed.h"

namespace mod::cli {

struct AnswerArguments {
  bool color = false;
  std::string html;
};

/// --color; and --html where `with_page`.
void add_answer_options(CLI::App& command, AnswerArguments& arguments, bool with_page);

/// What has to be found out about every token to show and print it: nothing for a single model.
std::optional<mix::CreditOptions> wanted_credits(const AnswerArguments& arguments,
                                                 const bundle::Bundle& bundle);

/// Generates to the end. Unless `json`, text goes to stdout as it comes; with --color each token in
/// the colour of the expert that found it most probable, plain where the experts agree.
SpeedOfAnswer write_answer(const Runnable& runnable, mix::Generation& generation,
                           const AnswerArguments& arguments, bool json);

/// {text, ids, prompt_tokens, generated_tokens, finish_reason, tokens: [{id, text, logprob}]}. Of a
/// mixture also per token experts: {NAME: {logprob, rank, weight, responsibility} or null}, and
/// mode, exact, forward_passes: {NAME: n}, passes_saved, changed. Numbers that are not known are
/// null.
Json answer_json(const mix::Generation& generation, const bundle::Bundle& bundle);

/// One line of a mixture: forward passes and how often the mix decided otherwise. Empty for a
/// model.
std::string mixture_summary(const mix::Generation& generation, const bundle::Bundle& bundle);

}  // namespace mod::cli
