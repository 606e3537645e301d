// A question as the tokens that an engine reads: the one place where evaluation makes prompts.
#pragma once

#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "eval/prompt.h"
#include "mix/generation.h"

namespace mod::eval {

struct ItemPrompt {
  mix::Prompt prompt;
  std::vector<mix::Token> ids;  // as the first expert reads it
  std::size_t longest = 0;      // tokens of the expert that reads most

  std::size_t size() const { return longest; }
};

struct PromptRules {
  bool begin_token = true;           // what the tokenizer puts around a text that is no chat
  bool apply_chat_template = false;  // a text becomes the one user message of a chat
};

/// Throws as Bundle::need_tokenizer and need_chat_template; Error(kInvalidInput) where the template
/// refuses the chat or nothing is left of the text.
ItemPrompt make_item_prompt(const bundle::Bundle& bundle, const PromptText& text,
                            const PromptRules& rules);

/// A choice of a multiple-choice item: all tokens, of which those from `context` on are scored.
struct ChoicePrompt {
  std::vector<mix::Token> ids;
  std::size_t context = 0;  // at least 1
};

/// lm-evaluation-harness' way: context and choice are one text, cut at the length of the context's
/// own tokens; spaces at the end of the context belong to the choice; what is longer than
/// `longest` + 1 loses its beginning.
ChoicePrompt make_choice_prompt(const bundle::Bundle& bundle, const PromptText& text,
                                const std::string& choice, const PromptRules& rules,
                                std::size_t longest);

/// Starts the answer. `stream` may hold a text already: what it shares with the prompt is not read
/// again.
mix::Generation start_answer(mix::Engine& engine, mix::Stream stream, const ItemPrompt& prompt,
                             const mix::GenerationOptions& options,
                             const text::Tokenizer& tokenizer);

/// How many tokens of `stream` the prompt begins with.
std::size_t shared_tokens(const mix::Stream& stream, const ItemPrompt& prompt);

}  // namespace mod::eval
