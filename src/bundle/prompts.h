// Chats and raw texts as the experts of a model or mixture are to read them.
#pragma once

#include <string>

#include "bundle/bundle.h"
#include "mix/prompt.h"
#include "text/template/chat_template.h"

namespace mod::bundle {

/// A text that is completed: one turn. `add_special`: what the tokenizer puts around texts is
/// added. Experts with a prefix read that before it; gates hear what all experts read alike. Throws
/// as Bundle::need_tokenizer. Empty for an empty text.
mix::Prompt raw_prompt(const Bundle& bundle, const std::string& text, bool add_special);

/// A chat whose last message is to be answered; `options` are those of ChatTemplate::render. Every
/// expert reads it with its own template and system message. Gates hear the last turn: from the end
/// of the message before it (of the beginning, where there is none) to the end of the rendered
/// text, if all experts read that alike; else the text of the last message alone. Throws as
/// Bundle::need_tokenizer, need_chat_template and ChatTemplate::render.
mix::Prompt chat_prompt(const Bundle& bundle, const text::ChatTemplate::Json& messages,
                        const text::ChatTemplate::Options& options);

/// Tokens that the expert with the longest view reads.
std::size_t prompt_length(const mix::Prompt& prompt);

}  // namespace mod::bundle
