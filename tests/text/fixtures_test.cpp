// Ids and texts of whole tokenizers, line by line as transformers gives them.
#include "text/support.h"

namespace mod::text::test {
namespace {

namespace fs = std::filesystem;

void check_line(const Tokenizer& tokenizer, const Json& line) {
  const auto& text = line["text"].get_ref<const std::string&>();
  SCOPED_TRACE(line["text"].dump());
  const auto ids = line["ids"].get<std::vector<std::int32_t>>();
  EXPECT_EQ(tokenizer.encode(text, false), ids);
  EXPECT_EQ(tokenizer.encode(text, true), line["ids_special"].get<std::vector<std::int32_t>>());
  EXPECT_EQ(Json(tokenizer.decode(ids, false)), line["decoded"]);
  EXPECT_EQ(Json(decode_as_stream(tokenizer, ids, false)), line["decoded"]);
}

void check_file(const fs::path& tokenizer_folder, const fs::path& file) {
  const Tokenizer tokenizer = Tokenizer::load(tokenizer_folder);
  const std::vector<Json> lines = read_json_lines(file);
  EXPECT_EQ(lines.size(), 347u);
  for (const Json& line : lines) check_line(tokenizer, line);
}

#define SKIP_WITHOUT(path) \
  if (!fs::exists(path)) GTEST_SKIP() << "not here: " << (path)

TEST(TokenizerFixtures, Specialists) {
  check_file(kSource / "examples/specialists/base", kData / "specialists.tokens.jsonl");
}

TEST(TokenizerFixtures, Qwen3) {
  SKIP_WITHOUT(kShared / "data/tokenizers/qwen3");
  check_file(kShared / "data/tokenizers/qwen3", kShared / "fixtures/qwen3.tokens.jsonl");
}

TEST(TokenizerFixtures, Mistral) {
  SKIP_WITHOUT(kShared / "data/tokenizers/mistral");
  check_file(kShared / "data/tokenizers/mistral", kShared / "fixtures/mistral.tokens.jsonl");
}

TEST(TokenizerFixtures, SpecialIdsComeFromTheConfig) {
  const Tokenizer tokenizer = Tokenizer::load(kSource / "examples/specialists/base");
  EXPECT_EQ(tokenizer.vocab_size(), 1024);
  EXPECT_EQ(tokenizer.bos_id(), std::nullopt);
  EXPECT_EQ(tokenizer.eos_id(), 2);
  EXPECT_EQ(tokenizer.pad_id(), 0);
  EXPECT_TRUE(tokenizer.is_special(1));
  EXPECT_FALSE(tokenizer.is_special(3));
  EXPECT_FALSE(tokenizer.is_special(1024));
  EXPECT_EQ(tokenizer.id_to_token(1), "<|im_start|>");
  EXPECT_EQ(tokenizer.token_to_id("<|im_end|>"), 2);
  EXPECT_EQ(tokenizer.id_to_token(1024), std::nullopt);
  EXPECT_EQ(tokenizer.id_to_token(-1), std::nullopt);
}

}  // namespace
}  // namespace mod::text::test
