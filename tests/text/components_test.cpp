// Every stage and every model against what Hugging Face's `tokenizers` makes of the same small
// files; see tests/oracle/tokenizer_cases.py.
#include "text/decoder.h"
#include "text/normalizer.h"
#include "text/pre_tokenizers.h"
#include "text/support.h"

namespace mod::text::test {
namespace {

class Collector : public DecoderRun {
 public:
  void text(std::string_view part) override { text_ += part; }
  void end_token() override {}
  void finish() override {}
  const std::string& collected() const { return text_; }

 private:
  std::string text_;
};

std::string decode(const DecoderChain& chain, const std::vector<std::string>& tokens) {
  Collector output;
  DecodeBudget budget;
  std::vector<std::unique_ptr<DecoderRun>> runs;
  const auto first = [&]() -> DecoderRun& { return runs.empty() ? output : *runs.back(); };
  for (auto stage = chain.rbegin(); stage != chain.rend(); ++stage) {
    runs.push_back((*stage)->start(first(), budget));
  }
  for (const std::string& token : tokens) {
    budget.read += token.size();
    first().text(token);
    first().end_token();
  }
  first().finish();
  return output.collected();
}

std::vector<std::string> pieces(const PreTokenizerChain& chain, const std::string& text) {
  Workspace work;
  work.buffers.resize(chain.buffers());
  std::vector<std::string> out;
  chain.run({text, true}, work, [&](Piece piece) { out.emplace_back(piece.text); });
  return out;
}

/// The cases of a file; `check` gets the config and one row.
template <class Check>
void for_each_case(const char* file, Check check) {
  std::size_t rows = 0;
  const Json data = read_json(kData / file);
  for (const Json& entry : data["cases"]) {
    SCOPED_TRACE(entry["config"].dump());
    const ConfigNode config(entry["config"], "t.json", "part");
    for (const Json& row : entry["texts"]) {
      SCOPED_TRACE(row.dump());
      check(config, row);
      ++rows;
    }
  }
  EXPECT_GT(rows, 300u);
}

TEST(TokenizerComponents, Normalizers) {
  for_each_case("normalizers.json", [](const ConfigNode& config, const Json& row) {
    NormalizerChain chain;
    add_normalizers(config, chain);
    std::string text = row["text"];
    RegexWork work;
    chain.apply(text, work);
    EXPECT_EQ(Json(text), row["normalized"]);
  });
}

TEST(TokenizerComponents, PreTokenizers) {
  for_each_case("pre_tokenizers.json", [](const ConfigNode& config, const Json& row) {
    PreTokenizerChain chain;
    add_pre_tokenizers(config, chain);
    auto expected = row["pieces"].get<std::vector<std::string>>();
    std::erase(expected, "");  // of an empty text without any stage
    EXPECT_EQ(pieces(chain, row["text"]), expected);
  });
}

TEST(TokenizerComponents, Decoders) {
  for_each_case("decoders.json", [](const ConfigNode& config, const Json& row) {
    EXPECT_EQ(decode(read_decoders(config), row["tokens"].get<std::vector<std::string>>()),
              row["text"].get<std::string>());
  });
}

TEST(TokenizerComponents, WholeTokenizers) {
  const Json data = read_json(kData / "models.json");
  EXPECT_GT(data["cases"].size(), 10u);
  for (const Json& entry : data["cases"]) {
    SCOPED_TRACE(entry["name"].dump());
    const Tokenizer tokenizer = parse(entry["tokenizer"]);
    for (const Json& row : entry["texts"]) {
      SCOPED_TRACE(row["text"].dump());
      const auto ids = row["ids"].get<std::vector<std::int32_t>>();
      EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), false), ids);
      EXPECT_EQ(Json(tokenizer.encode(row["text"].get<std::string>(), true)), row["ids_special"]);
      EXPECT_EQ(Json(tokenizer.decode(ids, false)), row["decoded"]);
      EXPECT_EQ(Json(tokenizer.decode(ids, true)), row["skipped"]);
      EXPECT_EQ(Json(decode_as_stream(tokenizer, ids, true)), row["skipped"]);
    }
  }
}

}  // namespace
}  // namespace mod::text::test
