// A chat: the messages so far, and the model's stream that has read them. Every turn is rendered by
// the chat template as a whole; what the stream has read already is not read again.
#pragma once

#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "mix/generation.h"
#include "text/template/chat_template.h"

namespace mod::bundle {

/// Not thread-safe. Keeps references to bundle and engine.
class Conversation {
 public:
  using Json = text::ChatTemplate::Json;

  /// `variables`: further variables of the template (enable_thinking, ...). Throws as
  /// Bundle::need_tokenizer and need_chat_template.
  Conversation(const Bundle& bundle, mix::Engine& engine, Json variables = Json::object());

  /// Empty: no system message.
  void set_system(std::string text) { system_ = std::move(text); }
  const std::string& system() const { return system_; }
  /// Forgets all turns; the system message stays.
  void reset();
  /// A list as `mod template --messages` takes it.
  Json messages() const;

  /// Prepares the answer to a user message. Throws Error(kInvalidInput) where the template refuses
  /// the chat, or where the chat leaves no room for an answer: then nothing was changed.
  mix::Generation ask(const std::string& user, const mix::GenerationOptions& options);
  /// Takes the turn of `generation`, made by ask(), into the chat: its text as far as it came.
  void keep(mix::Generation&& generation);

 private:
  const Bundle& bundle_;
  mix::Engine& engine_;
  Json variables_;
  std::string system_;
  Json turns_ = Json::array();
  std::string asked_;
  mix::Stream stream_;
};

}  // namespace mod::bundle
