#include "bundle/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mod/error.h"

namespace mod::bundle {

Conversation::Conversation(const Bundle& bundle, mix::Engine& engine, Json variables)
    : bundle_(bundle), engine_(engine), variables_(std::move(variables)), stream_(engine.start()) {
  bundle.need_tokenizer();
  bundle.need_chat_template();
}

void Conversation::reset() {
  turns_ = Json::array();
  stream_.truncate(0);
}

Conversation::Json Conversation::messages() const {
  Json all = Json::array();
  if (!system_.empty()) all.push_back({{"role", "system"}, {"content", system_}});
  for (const Json& turn : turns_) all.push_back(turn);
  return all;
}

mix::Generation Conversation::ask(const std::string& user, const mix::GenerationOptions& options) {
  mix::check_sampling(options.sampling, engine_.vocabulary());
  Json chat = messages();
  chat.push_back({{"role", "user"}, {"content", user}});
  text::ChatTemplate::Options rendering;
  rendering.variables = variables_;
  const std::string text = bundle_.need_chat_template().render(chat, rendering);
  const auto ids = bundle_.need_tokenizer().encode(text, false);
  if (ids.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                bundle_.argument + ": the chat template makes an empty text of this chat");
  }
  const std::size_t longest = engine_.longest_text();
  if (ids.size() >= longest) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("the chat has {} tokens and the context of {} leaves no room for an "
                            "answer; /reset starts a new chat",
                            ids.size(), longest));
  }
  // At least one token has to be read again, to have a prediction.
  const auto read = stream_.tokens();
  const std::size_t most = std::min(read.size(), ids.size() - 1);
  const auto differ =
      std::mismatch(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(most), ids.begin());
  const auto same = static_cast<std::size_t>(differ.second - ids.begin());
  stream_.truncate(same);
  asked_ = user;
  return mix::Generation(engine_, std::exchange(stream_, engine_.start()),
                         {differ.second, ids.end()}, options, bundle_.tokenizer.get());
}

void Conversation::keep(mix::Generation&& generation) {
  turns_.push_back({{"role", "user"}, {"content", asked_}});
  turns_.push_back({{"role", "assistant"}, {"content", generation.text()}});
  stream_ = std::move(generation.stream());
}

}  // namespace mod::bundle
