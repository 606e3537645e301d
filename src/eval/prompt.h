// The text that a model is given for a question: named prompt types, byte for byte those of the
// Qwen2.5-Math evaluation, and the plain ones. A new type is a line in prompt.cpp.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mod::eval {

/// A worked example.
struct Shot {
  std::string question, answer;
};

/// Either messages for the model's chat template, or the text itself.
struct PromptText {
  nlohmann::ordered_json messages;  // null: `text` is the prompt
  std::string text;

  bool is_chat() const { return !messages.is_null(); }
};

/// "chat", "raw", "qwen25-math-cot", ...
std::vector<std::string_view> prompt_names();
/// One line about a type of prompt_names().
std::string_view prompt_help(std::string_view name);
/// A further stop string that the type needs; empty if none.
std::string_view prompt_stop(std::string_view name);

/// `system` is used by `chat` only. Error(kInternal) for a name that is not in prompt_names().
PromptText make_prompt(std::string_view name, const std::string& system,
                       std::span<const Shot> shots, const std::string& question);

/// A chat that comes as messages, after a system message (if not empty) and the examples.
PromptText make_chat(const std::string& system, std::span<const Shot> shots,
                     const nlohmann::ordered_json& messages);

}  // namespace mod::eval
