#include "text/template/chat_template.h"

#include <array>

#include "mod/error.h"
#include "text/template/template_files.h"

namespace mod::text {
namespace {

using Json = ChatTemplate::Json;

constexpr std::string_view kDefault = "default";
constexpr std::string_view kToolUse = "tool_use";

// The names of a message's reasoning, the one that templates read first.
constexpr std::array<std::string_view, 3> kReasoning = {"reasoning_content", "thinking",
                                                        "reasoning"};

[[noreturn]] void fail_input(const std::string& text) {
  throw Error(ErrorCode::kInvalidInput, text);
}

const Json* reasoning_of(const Json& message) {
  for (const std::string_view name : kReasoning) {
    const auto it = message.find(std::string(name));
    if (it != message.end()) return &*it;
  }
  return nullptr;
}

/// gpt-oss' template reads `thinking`, most read `reasoning_content`.
void add_reasoning_names(Json& message) {
  const Json* found = reasoning_of(message);
  if (!found) return;
  const Json reasoning = *found;
  Json renamed = Json::object();
  renamed["thinking"] = reasoning;
  renamed.update(message);
  renamed["reasoning_content"] = reasoning;
  message = std::move(renamed);
}

Json normalized(const Json& messages) {
  if (!messages.is_array()) fail_input("messages: expected a list of messages");
  if (messages.empty()) fail_input("messages: the list is empty; give at least one message");
  Json out = Json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].is_object()) {
      fail_input("messages[" + std::to_string(i) + "]: expected an object with role and content");
    }
    Json message = Json::object();
    for (const auto& [key, value] : messages[i].items()) {
      if (!value.is_null()) message[key] = value;
    }
    add_reasoning_names(message);
    out.push_back(std::move(message));
  }
  return out;
}

void check_tools(const Json& tools) {
  if (tools.is_null()) return;
  if (!tools.is_array()) fail_input("tools: expected a list of JSON schemas");
  for (std::size_t i = 0; i < tools.size(); ++i) {
    if (!tools[i].is_object()) {
      fail_input("tools[" + std::to_string(i) + "]: expected an object, the tool's JSON schema");
    }
  }
}

void check_variables(const Json& variables) {
  if (!variables.is_object()) fail_input("the variables of a template must be an object");
  for (const char* reserved : {"messages", "tools", "add_generation_prompt"}) {
    if (variables.contains(reserved)) {
      fail_input(std::string("'") + reserved + "' cannot be a variable besides the input itself");
    }
  }
}

}  // namespace

ChatTemplate ChatTemplate::load(const std::filesystem::path& folder) {
  TemplateFiles files = find_templates(folder);
  if (files.templates.empty()) {
    fail_input(
        folder.string() +
        ": the model has no chat template; looked at chat_template.jinja, `chat_template` in "
        "tokenizer_config.json and chat_template.json");
  }
  ChatTemplate chat;
  chat.where_ = files.file.string();
  for (TemplateFiles::Named& entry : files.templates) {
    if (entry.name != kDefault && entry.name != kToolUse) continue;
    chat.variants_.push_back(
        {std::move(entry.name), jinja::Template(entry.source, std::move(entry.where))});
  }
  chat.special_tokens_ = read_special_tokens(folder);
  return chat;
}

ChatTemplate ChatTemplate::from_source(std::string_view source, const std::string& where,
                                       Json special_tokens) {
  ChatTemplate chat;
  chat.where_ = where;
  chat.variants_.push_back({std::string(kDefault), jinja::Template(source, where)});
  chat.special_tokens_ = std::move(special_tokens);
  return chat;
}

const jinja::Template& ChatTemplate::choose(bool with_tools) const {
  const Variant* chosen = nullptr;
  for (const Variant& variant : variants_) {
    if (variant.name == kDefault && !chosen) chosen = &variant;
    if (variant.name == kToolUse && with_tools) chosen = &variant;
  }
  if (!chosen) fail_input(where_ + ": none of the model's chat templates is named 'default'");
  return chosen->parsed;
}

std::string ChatTemplate::render(const Json& messages, const Options& options) const {
  check_tools(options.tools);
  check_variables(options.variables);
  const Json chat = normalized(messages);
  const Json nothing = nullptr;
  const Json prompt = options.add_generation_prompt;
  jinja::Template::Variables variables;
  for (const auto& [name, value] : special_tokens_.items()) variables.emplace_back(name, &value);
  variables.emplace_back("documents", &nothing);
  for (const auto& [name, value] : options.variables.items()) variables.emplace_back(name, &value);
  variables.emplace_back("messages", &chat);
  variables.emplace_back("tools", &options.tools);
  variables.emplace_back("add_generation_prompt", &prompt);
  return choose(!options.tools.is_null()).render(variables, options.now);
}

}  // namespace mod::text
