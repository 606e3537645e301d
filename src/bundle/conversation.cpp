#include "bundle/conversation.h"

#include <fmt/format.h>

#include <utility>

#include "bundle/prompts.h"
#include "mod/error.h"

namespace mod::bundle {

Conversation::Conversation(const Bundle& bundle, mix::Engine& engine, Json variables)
    : bundle_(bundle), engine_(engine), variables_(std::move(variables)), stream_(engine.start()) {
  bundle.need_tokenizer();
  bundle.need_chat_template();
}

void Conversation::reset() {
  turns_ = Json::array();
  stream_ = engine_.start();
}

Conversation::Json Conversation::messages() const {
  Json all = Json::array();
  if (!system_.empty()) all.push_back({{"role", "system"}, {"content", system_}});
  for (const Json& turn : turns_) all.push_back(turn);
  return all;
}

mix::Generation Conversation::ask(const std::string& user, const mix::GenerationOptions& options) {
  mix::check_generation(engine_, options);
  Json chat = messages();
  chat.push_back({{"role", "user"}, {"content", user}});
  text::ChatTemplate::Options rendering;
  rendering.variables = variables_;
  const mix::Prompt prompt = chat_prompt(bundle_, chat, rendering);
  const std::size_t length = prompt_length(prompt);
  if (length == 0) {
    throw Error(ErrorCode::kInvalidInput,
                bundle_.argument + ": the chat template makes an empty text of this chat");
  }
  const std::size_t longest = engine_.longest_text();
  if (length >= longest) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("the chat has {} tokens and the context of {} leaves no room for an "
                            "answer; /reset starts a new chat",
                            length, longest));
  }
  asked_ = user;
  return mix::Generation(engine_, std::exchange(stream_, engine_.start()), prompt, options,
                         bundle_.tokenizer.get());
}

void Conversation::keep(mix::Generation&& generation) {
  turns_.push_back({{"role", "user"}, {"content", asked_}});
  turns_.push_back({{"role", "assistant"}, {"content", generation.text()}});
  stream_ = std::move(generation.stream());
}

}  // namespace mod::bundle
