// `mod template MODEL --messages FILE`: the text that a model's chat template makes of a chat.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "bundle/text_parts.h"
#include "checkpoint/model_folder.h"
#include "commands.h"
#include "mod/error.h"
#include "print.h"
#include "text/template/chat_template.h"

namespace mod::cli {
namespace {

using text::ChatTemplate;

// A chat of a million tokens has about 5 MB; pictures may stand in it as text.
constexpr std::uint64_t kMaxMessagesBytes = std::uint64_t{256} << 20;

struct Options {
  std::string model, messages;
};

struct Chat {
  Json messages;
  ChatTemplate::Options options;
};

/// A list of messages, or an object with `messages` and what else the template is given.
Chat read_chat(const std::string& file) {
  Json json = checkpoint::parse_json(read_text_file(file, kMaxMessagesBytes), file);
  Chat chat;
  if (json.is_array()) {
    chat.messages = std::move(json);
    return chat;
  }
  if (!json.is_object() || !json.contains("messages")) {
    throw Error(ErrorCode::kInvalidInput,
                file + ": expected a list of messages, or an object with `messages`");
  }
  for (auto& [key, value] : json.items()) {
    if (key == "messages") {
      chat.messages = std::move(value);
    } else if (key == "tools") {
      chat.options.tools = std::move(value);
    } else if (key == "add_generation_prompt") {
      if (!value.is_boolean()) {
        throw Error(ErrorCode::kInvalidInput,
                    file + ": `add_generation_prompt` must be true or false");
      }
      chat.options.add_generation_prompt = value.get<bool>();
    } else if (key == "continue_final_message") {
      throw Error(ErrorCode::kUnsupported,
                  file + ": `continue_final_message` is not supported yet");
    } else {
      chat.options.variables[key] = std::move(value);
    }
  }
  return chat;
}

std::string render(const ChatTemplate& chat_template, const Chat& chat, const std::string& file) {
  try {
    return chat_template.render(chat.messages, chat.options);
  } catch (const Error& error) {
    throw Error(error.code(), file + ": " + error.what());
  }
}

void show_template(const Options& options, const Invocation& run) {
  const ChatTemplate chat_template =
      ChatTemplate::load(bundle::text_folder(bundle::resolve_argument(options.model), run.context));
  const Chat chat = read_chat(options.messages);
  const std::string text = render(chat_template, chat, options.messages);
  if (run.json) return print_json(Json{{"text", text}});
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

void add_template(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      tree.add(parent, "template", "Show the text that a model's chat template makes of a chat",
               "echo '[{\"role\": \"user\", \"content\": \"Hi\"}]' > chat.json\n"
               "  mod template examples/specialists/base --messages chat.json",
               [options](Invocation& run) { show_template(*options, run); });
  command
      .add_option("MODEL", options->model,
                  "A model folder, one with tokenizer files only, a recipe, or a hub name")
      ->required();
  command
      .add_option("--messages", options->messages,
                  "JSON: a list of messages, or an object with `messages`, `tools`, "
                  "`add_generation_prompt` (default true) and further variables of the template "
                  "(`enable_thinking`, ...)")
      ->required()
      ->type_name("FILE");
}

}  // namespace mod::cli
