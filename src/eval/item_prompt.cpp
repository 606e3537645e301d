#include "eval/item_prompt.h"

#include <algorithm>
#include <utility>

#include "eval/grade/text.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

struct WholeText {
  std::string text;
  bool is_rendered = false;  // by a chat template, which writes begin tokens itself
};

WholeText whole_text(const bundle::Bundle& bundle, const PromptText& prompt,
                     const PromptRules& rules) {
  if (!prompt.is_chat() && !rules.apply_chat_template) return {prompt.text, false};
  nlohmann::ordered_json messages = prompt.messages;
  if (!prompt.is_chat()) {
    messages = nlohmann::ordered_json::array();
    messages.push_back({{"role", "user"}, {"content", prompt.text}});
  }
  return {bundle.need_chat_template().render(messages), true};
}

}  // namespace

ItemPrompt make_item_prompt(const bundle::Bundle& bundle, const PromptText& text,
                            const PromptRules& rules) {
  const WholeText whole = whole_text(bundle, text, rules);
  ItemPrompt prompt;
  prompt.ids = bundle.need_tokenizer().encode(whole.text, rules.begin_token && !whole.is_rendered);
  if (prompt.ids.empty()) {
    throw Error(ErrorCode::kInvalidInput, bundle.argument + ": a prompt has no tokens");
  }
  return prompt;
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
  // At least one token has to be read again, to have a prediction.
  const std::size_t most = std::min(read.size(), prompt.size() - 1);
  const auto differ = std::mismatch(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(most),
                                    prompt.ids.begin());
  return static_cast<std::size_t>(differ.first - read.begin());
}

mix::Generation start_answer(mix::Engine& engine, mix::Stream stream, const ItemPrompt& prompt,
                             const mix::GenerationOptions& options,
                             const text::Tokenizer& tokenizer, std::size_t& read) {
  const std::size_t shared = shared_tokens(stream, prompt);
  stream.truncate(shared);
  read = prompt.size() - shared;
  std::vector<mix::Token> rest(prompt.ids.begin() + static_cast<std::ptrdiff_t>(shared),
                               prompt.ids.end());
  return mix::Generation(engine, std::move(stream), std::move(rest), options, &tokenizer);
}

}  // namespace mod::eval
