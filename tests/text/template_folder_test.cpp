// Where a model's chat template and special tokens are found, and what a chat is given to the
// template as. The order was read in transformers 5.24 and is the one of its tokenizers.
#include "support/tiny_model.h"
#include "text/template/template_files.h"
#include "text/template_support.h"

namespace mod::text::test {
namespace {

using mod::testing::TempFolder;
using mod::testing::write_text;

const Json kHi = Json::array({{{"role", "user"}, {"content", "Hi"}}});

std::string rendered(const fs::path& folder, const ChatTemplate::Options& options = {}) {
  return ChatTemplate::load(folder).render(kHi, options);
}

std::string load_error(const fs::path& folder) {
  try {
    ChatTemplate::load(folder).render(kHi);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(TemplateFolder, AFileOfItsOwnComesFirst) {
  TempFolder folder;
  EXPECT_NE(load_error(folder.path()).find("has no chat template"), std::string::npos);
  write_text(folder / "chat_template.json", R"({"chat_template": "json"})");
  EXPECT_EQ(rendered(folder.path()), "json");
  write_text(folder / "tokenizer_config.json", R"({"chat_template": "config"})");
  EXPECT_EQ(rendered(folder.path()), "config");
  write_text(folder / "chat_template.jinja", "file\n");
  EXPECT_EQ(rendered(folder.path()), "file");
  EXPECT_EQ(find_templates(folder.path()).file.filename(), "chat_template.jinja");
}

TEST(TemplateFolder, ToolsChooseTheirTemplate) {
  TempFolder folder;
  write_text(folder / "tokenizer_config.json",
             R"({"chat_template": [{"name": "default", "template": "plain"},
                                   {"name": "rag", "template": "{% not parsed"},
                                   {"name": "tool_use", "template": "{{ tools|length }} tools"}]})");
  EXPECT_EQ(rendered(folder.path()), "plain");
  EXPECT_EQ(rendered(folder.path(), {.tools = Json::array()}), "0 tools");
  std::filesystem::create_directory(folder / "additional_chat_templates");
  write_text(folder / "additional_chat_templates" / "tool_use.jinja", "from a file");
  EXPECT_NE(load_error(folder.path()).find("none of the model's chat templates is named 'default'"),
            std::string::npos);
  write_text(folder / "chat_template.jinja", "main");
  EXPECT_EQ(rendered(folder.path()), "main");
  EXPECT_EQ(rendered(folder.path(), {.tools = Json::array({Json::object()})}), "from a file");
}

TEST(TemplateFolder, BrokenFilesAreNamed) {
  TempFolder folder;
  write_text(folder / "tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_NE(load_error(folder.path()).find("tokenizer_config.json: 'chat_template' must be"),
            std::string::npos);
  write_text(folder / "tokenizer_config.json", R"({"chat_template": "a\n{{ x y }}"})");
  EXPECT_NE(
      load_error(folder.path()).find("tokenizer_config.json (chat_template), line 2, column 6"),
      std::string::npos);
  write_text(folder / "tokenizer_config.json", "{");
  EXPECT_NE(load_error(folder.path()).find("not valid JSON"), std::string::npos);
}

TEST(TemplateFolder, SpecialTokensAreTextsOrObjects) {
  TempFolder folder;
  write_text(folder / "tokenizer_config.json",
             R"({"bos_token": {"__type": "AddedToken", "content": "<s>", "special": true},
                 "eos_token": "</s>", "pad_token": null, "add_bos_token": true, "image_token": "<i>",
                 "extra_special_tokens": {"audio_token": "<a>"}})");
  write_text(folder / "special_tokens_map.json",
             R"({"eos_token": {"content": "<end>"}, "unk_token": "<unk>"})");
  const Json expected = {{"bos_token", "<s>"},
                         {"eos_token", "<end>"},
                         {"image_token", "<i>"},
                         {"audio_token", "<a>"},
                         {"unk_token", "<unk>"}};
  EXPECT_EQ(read_special_tokens(folder.path()), expected);
  write_text(folder / "tokenizer_config.json",
             R"({"added_tokens_decoder": {}, "eos_token": "</s>"})");
  EXPECT_EQ(read_special_tokens(folder.path()), (Json{{"eos_token", "</s>"}}));
}

TEST(ChatInput, VariablesReplaceSpecialTokens) {
  const auto chat =
      ChatTemplate::from_source("{{ bos_token }}{{ eos_token }}{{ x }}{{ documents }}{{ tools }}",
                                "t", {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
  EXPECT_EQ(chat.render(kHi), "<s></s>NoneNone");
  EXPECT_EQ(chat.render(kHi, {.variables = {{"eos_token", "!"}, {"x", 1}, {"documents", {"d"}}}}),
            "<s>!1['d']None");
  EXPECT_THROW(chat.render(kHi, {.variables = {{"messages", 1}}}), Error);
}

TEST(ChatInput, NullKeysOfMessagesAreLeftOut) {
  const auto chat = ChatTemplate::from_source("{{ messages[0] }}", "t");
  const Json messages =
      Json::array({{{"role", "user"}, {"content", nullptr}, {"x", {{"y", nullptr}}}}});
  EXPECT_EQ(chat.render(messages), "{'role': 'user', 'x': {'y': None}}");
}

TEST(ChatInput, ReasoningHasAllItsNames) {
  const auto chat = ChatTemplate::from_source("{{ messages[0] }}", "t");
  const auto shown = [&](const char* name) {
    return chat.render(Json::array({{{"role", "x"}, {name, "r"}}}));
  };
  EXPECT_EQ(shown("reasoning_content"), "{'thinking': 'r', 'role': 'x', 'reasoning_content': 'r'}");
  EXPECT_EQ(shown("thinking"), "{'thinking': 'r', 'role': 'x', 'reasoning_content': 'r'}");
  EXPECT_EQ(shown("reasoning"),
            "{'thinking': 'r', 'role': 'x', 'reasoning': 'r', 'reasoning_content': 'r'}");
}

TEST(ChatInput, WrongShapesAreNamed) {
  const auto chat = ChatTemplate::from_source("x", "t");
  for (const Json& messages : {Json(), Json(1), Json::array(), Json::object(), Json::array({1})}) {
    EXPECT_THROW(chat.render(messages), Error) << messages;
  }
  for (const Json& tools : {Json(1), Json::object(), Json::array({1})}) {
    EXPECT_THROW(chat.render(kHi, {.tools = tools}), Error) << tools;
  }
}

TEST(ChatInput, TheClockIsInjected) {
  const auto chat = ChatTemplate::from_source(
      "{{ strftime_now('%d %b %Y') }}|{{ strftime_now('%f%%%Z') }}|{{ strftime_now('') }}", "t");
  const std::chrono::system_clock::time_point now(std::chrono::seconds(1'000'000'000) +
                                                  std::chrono::microseconds(42));
  const std::string text = chat.render(kHi, {.now = now});
  EXPECT_TRUE(text == "09 Sep 2001|000042%|" || text == "08 Sep 2001|000042%|") << text;
}

}  // namespace
}  // namespace mod::text::test
