// Whole chats, compared with what Hugging Face transformers renders.
#include "text/template_support.h"

namespace mod::text::test {
namespace {

std::string render_line(const ChatTemplate& chat, const Json& line) {
  ChatTemplate::Options options;
  if (line.contains("tools")) options.tools = line["tools"];
  if (line.contains("enable_thinking")) {
    options.variables["enable_thinking"] = line["enable_thinking"];
  }
  options.add_generation_prompt = line["add_generation_prompt"];
  return chat.render(line["messages"], options);
}

void expect_lines_agree(const std::string& tokenizer, const fs::path& folder) {
  const ChatTemplate chat = ChatTemplate::load(folder);
  std::size_t seen = 0;
  for (const Json& line : read_lines(kSource / "tests/data/chat.jsonl")) {
    if (line["tokenizer"] != tokenizer) continue;
    ++seen;
    EXPECT_EQ(render_line(chat, line), line["text"].get<std::string>()) << line;
  }
  EXPECT_EQ(seen, 16u);
}

TEST(ChatTemplate, AgreesWithTransformersOnTheSpecialists) {
  expect_lines_agree("specialists", kSource / "examples/specialists/base");
}

TEST(ChatTemplate, AgreesWithTransformersOnQwen3) {
  const fs::path folder = shared_folder() / "data/tokenizers/qwen3";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  expect_lines_agree("qwen3", folder);
}

/// The members of a chat of chat_cases.jsonl as they are handed to a template.
std::string render_chat(const ChatTemplate& chat_template, const Json& chat) {
  ChatTemplate::Options options;
  for (const auto& [key, value] : chat.items()) {
    if (key == "tools") {
      options.tools = value;
    } else if (key == "add_generation_prompt") {
      options.add_generation_prompt = value;
    } else if (key != "messages") {
      options.variables[key] = value;
    }
  }
  try {
    return "text: " + chat_template.render(chat["messages"], options);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2) << error.what();
    return "error";
  }
}

// Templates in the formats of Llama 3, Mistral, Qwen3, Command R, gpt-oss and others.
TEST(ChatTemplate, AgreesWithTransformersOnTheFormatsOfModelFamilies) {
  const std::vector<Json> lines = read_lines(kSource / "tests/data/chat_cases.jsonl");
  ASSERT_GT(lines.size(), 250u);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto name = lines[i]["template"].get<std::string>();
    const std::string source = read_file(kSource / "tests/data/chat_templates" / name);
    const auto chat = ChatTemplate::from_source(source, name, lines[0]["special_tokens"]);
    const bool is_error = lines[i].contains("error");
    const std::string expected =
        is_error ? "error" : "text: " + lines[i]["text"].get<std::string>();
    const auto which = lines[i]["chat"].get<std::string>();
    EXPECT_EQ(render_chat(chat, lines[0]["chats"][which]), expected) << name << ", " << which;
  }
}

}  // namespace
}  // namespace mod::text::test
