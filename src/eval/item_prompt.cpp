#include "eval/item_prompt.h"

#include <algorithm>
#include <utility>

#include "bundle/prompts.h"
#include "eval/grade/text.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

struct WholeText {
  std::string text;
  bool is_rendered = false;  // by a chat template, which writes begin tokens itself
};

nlohmann::ordered_json messages_of(const PromptText& prompt) {
  if (prompt.is_chat()) return prompt.messages;
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  messages.push_back({{"role", "user"}, {"content", prompt.text}});
  return messages;
}

WholeText whole_text(const bundle::Bundle& bundle, const PromptText& prompt,
                     const PromptRules& rules) {
  if (!prompt.is_chat() && !rules.apply_chat_template) return {prompt.text, false};
  return {bundle.need_chat_template().render(messages_of(prompt)), true};
}

std::vector<mix::Token> first_view(const mix::Prompt& prompt) {
  std::vector<mix::Token> ids;
  for (const mix::Piece& piece : prompt) {
    if (!piece.views.empty()) {
      ids.insert(ids.end(), piece.views.front().begin(), piece.views.front().end());
    }
    ids.insert(ids.end(), piece.tokens.begin(), piece.tokens.end());
  }
  return ids;
}

}  // namespace

ItemPrompt make_item_prompt(const bundle::Bundle& bundle, const PromptText& text,
                            const PromptRules& rules) {
  ItemPrompt item;
  item.prompt = text.is_chat() || rules.apply_chat_template
                    ? bundle::chat_prompt(bundle, messages_of(text), {})
                    : bundle::raw_prompt(bundle, text.text, rules.begin_token);
  item.ids = first_view(item.prompt);
  item.longest = bundle::prompt_length(item.prompt);
  if (item.ids.empty()) {
    throw Error(ErrorCode::kInvalidInput, bundle.argument + ": a prompt has no tokens");
  }
  return item;
}

ChoicePrompt make_choice_prompt(const bundle::Bundle& bundle, const PromptText& text,
                                const std::string& choice, const PromptRules& rules,
                                std::size_t longest) {
  const WholeText whole = whole_text(bundle, text, rules);
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
  const std::string context(trim_right(whole.text, " "));
  const std::string spaces = whole.text.substr(context.size());
  const bool special = rules.begin_token && !whole.is_rendered;
  ChoicePrompt prompt;
  prompt.ids = tokenizer.encode(context + spaces + choice, special);
  prompt.context = tokenizer.encode(context, special).size();
  if (prompt.context == 0 || prompt.context >= prompt.ids.size()) {
    throw Error(ErrorCode::kInvalidInput,
                bundle.argument + ": a question or one of its choices has no tokens");
  }
  if (prompt.ids.size() > longest + 1) {
    const std::size_t cut = prompt.ids.size() - (longest + 1);
    if (cut >= prompt.context) {
      throw Error(ErrorCode::kInvalidInput,
                  bundle.argument + ": a choice is longer than the model's context");
    }
    prompt.ids.erase(prompt.ids.begin(), prompt.ids.begin() + static_cast<std::ptrdiff_t>(cut));
    prompt.context -= cut;
  }
  return prompt;
}

std::size_t shared_tokens(const mix::Stream& stream, const ItemPrompt& prompt) {
  const auto read = stream.tokens();
  const auto differ = std::mismatch(read.begin(), read.end(), prompt.ids.begin(), prompt.ids.end());
  return static_cast<std::size_t>(differ.first - read.begin());
}

mix::Generation start_answer(mix::Engine& engine, mix::Stream stream, const ItemPrompt& prompt,
                             const mix::GenerationOptions& options,
                             const text::Tokenizer& tokenizer) {
  return mix::Generation(engine, std::move(stream), prompt.prompt, options, &tokenizer);
}

}  // namespace mod::eval
