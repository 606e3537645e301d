// The text or ids that a model is given: -p TEXT, -f FILE, --ids 1,2,3, or standard input.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "bundle/bundle.h"
#include "mix/prompt.h"

namespace mod::cli {

struct PromptArguments {
  std::optional<std::string> text;
  std::string file, ids;
  bool no_special = false;
};

void add_prompt_options(CLI::App& command, PromptArguments& arguments);

/// Throws Error(kInvalidInput) if more than one was given. Before anything is loaded.
void check_prompt_options(const PromptArguments& arguments);

/// At least one id; the tokenizer is needed for all but --ids. An empty text becomes the begin
/// token, with a note. Throws Error(kInvalidInput).
std::vector<mix::Token> prompt_ids(const PromptArguments& arguments, const bundle::Bundle& bundle,
                                   Log& log);

/// The same as what the experts of a mixture read, each after its prefix.
mix::Prompt prompt_of(const PromptArguments& arguments, const bundle::Bundle& bundle, Log& log);

}  // namespace mod::cli
