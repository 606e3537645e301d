// A model's chat template: messages to the text that the model was trained on. Renders what Hugging
// Face's tokenizers render (apply_chat_template of transformers 5.24). Immutable and thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "text/template/template.h"

namespace mod::text {

class ChatTemplate {
 public:
  using Json = nlohmann::ordered_json;

  struct Options {
    Json tools = nullptr;  // null, or a list of JSON schemas
    bool add_generation_prompt = true;
    Json variables = Json::object();  // enable_thinking, documents, ...
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  };

  /// Of a model folder, or one with tokenizer files only. Throws Error(kInvalidInput) with place
  /// for a template that is wrong, kUnsupported for one that needs more of Jinja than there is
  /// here, both for a model without a template, kCorruptFile for broken JSON.
  static ChatTemplate load(const std::filesystem::path& folder);

  /// One template by its text; `where` names it in messages. `special_tokens`: an object of texts.
  static ChatTemplate from_source(std::string_view source, const std::string& where,
                                  Json special_tokens = Json::object());

  /// `messages` is a list of objects that is not empty. Keys of a message that are null are left
  /// out, and a message's reasoning is passed under each of its usual names. Throws
  /// Error(kInvalidInput) with place in the template, also for what the template refuses with
  /// raise_exception.
  std::string render(const Json& messages, const Options& options) const;
  std::string render(const Json& messages) const { return render(messages, Options()); }

  /// bos_token and the like, as templates see them.
  const Json& special_tokens() const { return special_tokens_; }

 private:
  struct Variant {
    std::string name;
    jinja::Template parsed;
  };

  const jinja::Template& choose(bool with_tools) const;

  std::string where_;
  std::vector<Variant> variants_;  // `default` and `tool_use`, those that there are
  Json special_tokens_ = Json::object();
};

}  // namespace mod::text
