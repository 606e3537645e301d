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

}  // namespace
}  // namespace mod::text::test
