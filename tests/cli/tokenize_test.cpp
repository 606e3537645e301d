// `mod tokenize`, `mod detokenize` and `mod bench tokenizer` as processes.
#include <cmath>
#include <fstream>
#include <sstream>

#include "cli/support.h"
#include "support/tiny_model.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path kRoot = MOD_SOURCE_DIR;
const fs::path kShared = kRoot.parent_path() / "shared";
const std::string kBase = (kRoot / "examples/specialists/base").string();

std::vector<Json> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<Json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

/// A file with `from` of every line under the key `to`.
std::string write_lines(const TempFolder& folder, const std::vector<Json>& lines, const char* from,
                        const char* to) {
  std::string text;
  for (const Json& line : lines) text += Json{{to, line[from]}}.dump() + "\n";
  const fs::path file = folder.path() / (std::string(from) + ".jsonl");
  write_text(file, text);
  return file.string();
}

/// Runs a command on lines; what it answers under `key` must be what `lines` have under `expected`.
void expect_lines(const std::vector<std::string>& arguments, const char* key,
                  const std::vector<Json>& lines, const char* expected) {
  const ProcessResult result = run_mod(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> answers = lines_of(result.out);
  ASSERT_EQ(answers.size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json answer{{key, lines[i][expected]}};
    EXPECT_EQ(answers[i], answer) << "line " << i + 1 << ": " << lines[i]["text"];
  }
}

void expect_fixture(const std::string& model, const fs::path& file) {
  const std::vector<Json> lines = lines_of(read_text(file));
  ASSERT_EQ(lines.size(), 347u);
  const TempFolder folder;
  const std::string texts = write_lines(folder, lines, "text", "text");
  expect_lines({"tokenize", model, "--jsonl", texts, "--json"}, "ids", lines, "ids_special");
  expect_lines({"tokenize", model, "--jsonl", texts, "--json", "--no-special"}, "ids", lines,
               "ids");
  const std::string ids = write_lines(folder, lines, "ids", "ids");
  expect_lines({"detokenize", model, "--jsonl", ids}, "text", lines, "decoded");
}

TEST(TokenizeCommand, AgreesWithTransformersOnTheSpecialists) {
  expect_fixture(kBase, kRoot / "tests/data/tokenizers/specialists.tokens.jsonl");
}

TEST(TokenizeCommand, AgreesWithTransformersOnLargeVocabularies) {
  if (!fs::exists(kShared / "fixtures")) GTEST_SKIP() << "not here: " << kShared / "fixtures";
  for (const std::string name : {"qwen3", "mistral"}) {
    SCOPED_TRACE(name);
    expect_fixture((kShared / "data/tokenizers" / name).string(),
                   kShared / "fixtures" / (name + ".tokens.jsonl"));
  }
}

TEST(TokenizeCommand, OneText) {
  const std::string text = "<|im_start|>user\nHi 4½ 你<|im_end|>";
  const auto json = run_json({"tokenize", kBase, "-p", text});
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json["ids"].front(), 1);
  EXPECT_EQ(json["ids"].back(), 2);
  std::string ids;
  for (const auto& id : json["ids"]) ids += (ids.empty() ? "" : ", ") + id.dump();
  EXPECT_EQ(run_mod({"detokenize", kBase, "--ids", ids}).out, text);
  EXPECT_EQ(run_mod({"detokenize", kBase, "--ids", ids, "--skip-special"}).out, "user\nHi 4½ 你");
  EXPECT_EQ(run_json({"detokenize", kBase, "--ids", ids})["text"], text);
  EXPECT_EQ(run_json({"tokenize", kBase, "-p", ""})["ids"], Json::array());
  EXPECT_EQ(run_mod({"detokenize", kBase, "--ids", ""}).out, "");
}

TEST(TokenizeCommand, TheTableShowsIdTokenAndText) {
  const auto got = run_mod({"tokenize", kBase, "-p", "Hi 你"});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  const auto ids = run_json({"tokenize", kBase, "-p", "Hi 你"})["ids"];
  EXPECT_EQ(static_cast<std::size_t>(std::count(got.out.begin(), got.out.end(), '\n')),
            ids.size() + 1);
  EXPECT_NE(got.out.find("Ġ"), std::string::npos) << got.out;
  for (const auto& id : ids) EXPECT_NE(got.out.find(id.dump()), std::string::npos) << got.out;
}

TEST(TokenizeCommand, LinesWithoutJsonAreIdsWithSpaces) {
  const TempFolder folder;
  const std::string file = (folder.path() / "t.jsonl").string();
  write_text(file,
             "{\"text\": \"Hello world\"}\n\n{\"other\": 1, \"text\": \"\"}\r\n{\"text\": \" \"}");
  const auto got = run_mod({"tokenize", kBase, "--jsonl", file});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out, "42 392 81 330 343 461\n\n223\n");
}

TEST(TokenizeCommand, BytesThatAreNoTextAreShownAsReplacementCharacters) {
  // 129 124 is the end of "½" without its beginning.
  const auto json = run_json({"detokenize", kBase, "--ids", "129"});
  EXPECT_EQ(json["text"], "\uFFFD");
}

TEST(TokenizeCommand, ErrorsNameFileAndLine) {
  const TempFolder folder;
  const std::string file = (folder.path() / "t.jsonl").string();
  const auto refuse = [&](const char* command, const std::string& text, const std::string& what) {
    SCOPED_TRACE(text);
    write_text(file, text);
    const auto got = run_mod({command, kBase, "--jsonl", file});
    EXPECT_EQ(got.exit_code, 2) << got.err;
    EXPECT_NE(got.err.find(file + ":2"), std::string::npos) << got.err;
    EXPECT_NE(got.err.find(what), std::string::npos) << got.err;
  };
  const std::string text = "{\"text\": \"a\"}\n", ids = "{\"ids\": [1]}\n";
  refuse("tokenize", text + "{\"text\": ", "");
  refuse("tokenize", text + "{\"ids\": [1]}\n" + text, "'text'");
  refuse("tokenize", text + "{\"text\": 7}", "string");
  refuse("tokenize", text + "[]", "object");
  refuse("detokenize", ids + "{\"ids\": 1}", "list of token ids");
  refuse("detokenize", ids + "{\"ids\": [1, -1]}", "list of token ids");
  refuse("detokenize", ids + "{\"ids\": [1.0]}", "list of token ids");
  refuse("detokenize", ids + "{\"ids\": [1024]}", "0 to 1023");
  refuse("detokenize", ids + "{\"text\": \"a\"}", "'ids'");
}

TEST(TokenizeCommand, RefusesWithARemedy) {
  expect_refused({"tokenize", kBase}, {"-p", "--jsonl"});
  expect_refused({"tokenize", kBase, "-p", "x", "--jsonl", "y"}, {"-p", "--jsonl"});
  expect_refused({"detokenize", kBase}, {"--ids", "--jsonl"});
  expect_refused({"detokenize", kBase, "--ids", "1", "--jsonl", "y"}, {"--ids", "--jsonl"});
  expect_refused({"detokenize", kBase, "--ids", "1,x"}, {"--ids", "'x'"});
  expect_refused({"detokenize", kBase, "--ids", "99999999999"}, {"99999999999"});
  expect_refused({"detokenize", kBase, "--ids", "1024"}, {"1024", "0 to 1023"});
  expect_refused({"tokenize", kBase, "--jsonl", "/nowhere.jsonl"}, {"/nowhere.jsonl"});
  expect_refused({"tokenize", "/nowhere/at/all", "-p", "x"}, {"/nowhere/at/all"});
  const TempFolder empty;
  expect_refused({"tokenize", empty.path().string(), "-p", "x"}, {"tokenizer.json"});
  expect_refused({"bench", "tokenizer", empty.path().string()}, {"tokenizer.json"});
  expect_refused({"bench", "tokenizer", kBase, "-f", "/nowhere.txt"}, {"/nowhere.txt"});
}

TEST(TokenizeCommand, TakesFoldersFilesAndRecipes) {
  const auto ids = run_json({"tokenize", kBase, "-p", "Hello world"});
  const TempFolder folder;
  fs::copy(kBase + "/tokenizer.json", folder.path() / "tokenizer.json");
  EXPECT_EQ(run_json({"tokenize", folder.path().string(), "-p", "Hello world"}), ids);
  EXPECT_EQ(run_json({"tokenize", kBase + "/tokenizer.json", "-p", "Hello world"}), ids);
  const fs::path recipe = folder.path() / "recipe.yml";
  write_text(recipe, "merge_method: linear\nmodels:\n- {model: " + kBase +
                         ", parameters: {weight: 1}}\n- {model: " + kBase + "/../math" +
                         ", parameters: {weight: 1}}\n");
  EXPECT_EQ(run_json({"tokenize", recipe.string(), "-p", "Hello world"}), ids);
  EXPECT_EQ(run_mod({"detokenize", recipe.string(), "--ids", "42,392"}).out, "Hell");
}

TEST(BenchTokenizer, NumbersBesideTheirLimits) {
  const TempFolder folder;
  const std::string file = (folder.path() / "t.txt").string();
  write_text(file, "Hello world, hello 4½ 你\n");
  const auto json = run_json({"bench", "tokenizer", kBase, "-f", file, "--runs", "2"});
  EXPECT_EQ(json["vocabulary"], 1024);
  EXPECT_EQ(json["text_bytes"], fs::file_size(file));
  EXPECT_EQ(json["file_bytes"], fs::file_size(kBase + "/tokenizer.json"));
  EXPECT_EQ(json["tokens"], run_json({"tokenize", kBase, "-p", read_text(file)})["ids"].size());
  const auto expect_positive = [&](const char* step, std::vector<std::string> keys) {
    for (const std::string& key : keys) {
      ASSERT_TRUE(json[step][key].is_number()) << step << " " << key;
      const double value = json[step][key];
      EXPECT_TRUE(std::isfinite(value) && value > 0) << step << " " << key << " " << value;
    }
  };
  expect_positive("load", {"seconds", "first_seconds", "limit_seconds"});
  for (const char* step : {"encode", "decode"}) {
    expect_positive(step, {"seconds", "limit_seconds", "mb_per_second", "tokens_per_second"});
  }
  const auto text = run_mod({"bench", "tokenizer", kBase, "--runs", "1"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  for (const char* word : {"load", "encode", "decode", "limit"}) {
    EXPECT_NE(text.out.find(word), std::string::npos) << text.out;
  }
}

}  // namespace
}  // namespace mod::testing
