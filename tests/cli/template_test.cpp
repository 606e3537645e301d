#include <gtest/gtest.h>

#include "cli/support.h"

namespace mod::testing {
namespace {

const std::string kSpecialist = std::string(MOD_SOURCE_DIR) + "/examples/specialists/base";
constexpr const char* kHi = R"([{"role": "user", "content": "Hi"}])";
constexpr const char* kHiText = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";

std::vector<std::string> command(const std::string& model, const std::filesystem::path& file) {
  return {"template", model, "--messages", file.string()};
}

/// A folder with nothing but a template.
void write_template(const TempFolder& folder, const std::string& source) {
  write_text(folder / "chat_template.jinja", source);
}

TEST(TemplateCommand, PrintsExactlyTheText) {
  TempFolder folder;
  write_text(folder / "chat.json", kHi);
  const ProcessResult result = run_mod(command(kSpecialist, folder / "chat.json"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, kHiText);
  EXPECT_EQ(result.err, "");
}

TEST(TemplateCommand, JsonHoldsTheText) {
  TempFolder folder;
  write_text(folder / "chat.json", kHi);
  const nlohmann::json json = run_json(command(kSpecialist, folder / "chat.json"));
  EXPECT_EQ(json, (nlohmann::json{{"text", kHiText}}));
}

TEST(TemplateCommand, AnObjectCarriesToolsAndVariables) {
  TempFolder folder;
  write_template(folder,
                 "{{ bos_token }}{{ messages|length }}{{ tools|tojson }}{{ mood }}"
                 "{{ add_generation_prompt }}\n");
  write_text(folder / "tokenizer_config.json", R"({"bos_token": {"content": "<s>"}})");
  write_text(folder / "chat.json", R"({"mood": "gläd", "tools": [{"name": "f"}],
                                       "messages": [{"role": "user", "content": "x"}],
                                       "add_generation_prompt": false})");
  const ProcessResult result = run_mod(command(folder.path().string(), folder / "chat.json"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "<s>1[{\"name\": \"f\"}]glädFalse");
}

TEST(TemplateCommand, WrongInputIsOneLineWithItsPlace) {
  TempFolder folder;
  const std::string model = folder.path().string();
  const std::filesystem::path chat = folder / "chat.json";
  const auto refused = [&](const std::string& json, const std::vector<std::string>& parts) {
    write_text(chat, json);
    expect_refused(command(model, chat), parts);
  };
  write_text(chat, kHi);
  expect_refused(command(model, chat), {"no chat template", "chat_template.jinja"});
  write_template(folder, "{{ raise_exception('roles must alternate') }}");
  refused("{", {"chat.json", "not valid JSON", "line 1, column 2"});
  refused("7", {"chat.json", "expected a list of messages"});
  refused("[]", {"chat.json", "messages", "at least one"});
  refused("[1]", {"chat.json", "messages[0]"});
  refused(R"({"messages": [{}], "tools": 1})", {"chat.json", "tools", "list"});
  refused(R"({"messages": [{}], "add_generation_prompt": 1})", {"add_generation_prompt"});
  refused(kHi, {"chat_template.jinja", "line 1, column", "roles must alternate"});
  write_template(folder, "a\n  {{ messages[0].content|uper }}");
  refused(kHi, {"chat_template.jinja, line 2, column 26", "'uper'", "did you mean 'upper'?"});
  write_template(folder, "fine");
  expect_refused({"template", model, "--messages", (folder / "none.json").string()}, {"none.json"});
  expect_refused({"template", model + "/nowhere", "--messages", chat.string()}, {"nowhere"});
  expect_refused({"template", model}, {"--messages", "mod template --help"});
}

TEST(TemplateCommand, HelpHasAnExample) {
  const ProcessResult result = run_mod({"template", "--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("mod template examples/specialists/base --messages"), std::string::npos)
      << result.out;
}

}  // namespace
}  // namespace mod::testing
