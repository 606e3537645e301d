// How the model of a tokenizer.json becomes tables: everything goes in batches, so the sizes here
// reach over several, and what is wrong must be found at its own place all the same.
#include <fmt/format.h>

#include <map>

#include "text/support.h"
#include "text/vocabulary.h"

namespace mod::text::test {
namespace {

/// Lines: the vocabulary, one token a line from line 3 on, and the merges, one a line.
struct ModelText {
  std::vector<std::string> vocabulary, merges;

  std::string json() const {
    return fmt::format(
        "{{\"model\": {{\"type\": \"BPE\", \"continuing_subword_prefix\": \"\",\n\"vocab\": {{\n"
        "{}\n}},\n\"merges\": [\n{}\n]}}}}",
        fmt::join(vocabulary, ",\n"), fmt::join(merges, ",\n"));
  }
  std::size_t merge_line(std::size_t i) const { return 3 + vocabulary.size() + 2 + i; }
};

/// "x" followed by up to `count` times "y", each a merge of the one before and "y".
ModelText chain(std::size_t count) {
  ModelText text{{R"("x": 0)", R"("y": 1)"}, {}};
  std::string token = "x";
  for (std::size_t i = 0; i < count; ++i) {
    text.merges.push_back(fmt::format(R"(["{}", "y"])", token));
    token += "y";
    text.vocabulary.push_back(fmt::format(R"("{}": {})", token, i + 2));
  }
  return text;
}

std::string error_of(const std::string& json) {
  try {
    (void)Tokenizer::parse(json, "", "t.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
    return error.what();
  }
  return "no error";
}

TEST(ModelFile, MergesOfSeveralBatches) {
  for (const std::size_t count : {0, 1, 31, 32, 33, 64, 100}) {
    const Tokenizer tokenizer = Tokenizer::parse(chain(count).json(), "", "t.json");
    const std::string longest = "x" + std::string(count, 'y');
    const std::int32_t id = count == 0 ? 0 : static_cast<std::int32_t>(count) + 1;
    EXPECT_EQ(tokenizer.encode(longest, false), std::vector<std::int32_t>{id});
    EXPECT_EQ(tokenizer.encode(longest + "y", false), (std::vector<std::int32_t>{id, 1}));
  }
}

TEST(ModelFile, WhatIsWrongWithMergesIsFoundAtItsPlace) {
  for (const std::size_t at : {0, 31, 32, 70, 99}) {
    ModelText text = chain(100);
    text.merges[at] = R"(["z", "y"])";
    EXPECT_EQ(error_of(text.json()),
              fmt::format("t.json:{}:10: model.merges: 'z' is not in the vocabulary",
                          text.merge_line(at)));
    text.merges[at] = R"(["y", "\u007a"])";
    EXPECT_EQ(error_of(text.json()),
              fmt::format("t.json:{}:15: model.merges: 'z' is not in the vocabulary",
                          text.merge_line(at)));
    text.merges[at] = R"(["y", "x"])";
    EXPECT_EQ(error_of(text.json()),
              fmt::format("t.json:{}:10: model.merges: 'yx' is not in the vocabulary",
                          text.merge_line(at)));
    text.merges[at] = R"(["y"])";
    EXPECT_EQ(error_of(text.json()),
              fmt::format("t.json:{}:5: model.merges: expected two tokens", text.merge_line(at)));
  }
}

TEST(ModelFile, WhatIsWrongWithTheVocabularyIsFoundAtItsPlace) {
  for (const std::size_t at : {2, 63, 64, 65, 101}) {
    ModelText text = chain(100);
    const auto expect = [&](const std::string& line, const std::string& what) {
      text.vocabulary[at] = line;
      EXPECT_EQ(error_of(text.json()), fmt::format("t.json:{}:{}", 3 + at, what));
    };
    expect(R"("x": 500)", "6: model.vocab: 'x' stands twice");
    expect(R"("q": 1)", "6: model.vocab: 'q' has the id 1 of 'y'");
    expect(R"("q": -1)", "6: model.vocab: the id -1 of 'q' is out of range");
    expect(R"("q": 9000000000)", "6: model.vocab: the id 9000000000 of 'q' is out of range");
  }
}

TEST(ModelFile, EscapedTokensOfABatchKeepTheirTexts) {
  ModelText text{{R"("\"": 0)", R"("\\": 1)", R"("\"\\": 2)", R"("\\\"": 3)"}, {}};
  for (int i = 0; i < 40; ++i) {
    text.merges.emplace_back(i % 2 == 0 ? R"(["\"", "\\"])" : R"(["\\", "\""])");
  }
  const Tokenizer tokenizer = Tokenizer::parse(text.json(), "", "t.json");
  EXPECT_EQ(tokenizer.encode(R"("\)", false), std::vector<std::int32_t>{2});
  EXPECT_EQ(tokenizer.encode(R"(\")", false), std::vector<std::int32_t>{3});
  EXPECT_EQ(tokenizer.encode(R"("\"\)", false), (std::vector<std::int32_t>{2, 2}));
}

TEST(ModelFile, KeysComeInAnyOrder) {
  std::vector<std::string> keys = {R"("continuing_subword_prefix": "##")",
                                   R"("merges": [["a", "##b"], ["ab", "##c"]])", R"("type": "BPE")",
                                   R"("vocab": {"a": 0, "##b": 1, "##c": 2, "ab": 3, "abc": 4})"};
  do {
    const std::string json = fmt::format("{{\"model\": {{{}}}}}", fmt::join(keys, ", "));
    const Tokenizer tokenizer = Tokenizer::parse(json, "", "t.json");
    EXPECT_EQ(tokenizer.encode("abc", false), std::vector<std::int32_t>{4}) << json;
    EXPECT_EQ(tokenizer.encode("abb", false), (std::vector<std::int32_t>{3, 1})) << json;
  } while (std::next_permutation(keys.begin(), keys.end()));
}

TEST(Vocabulary, AtOnceOrOneByOneIsTheSame) {
  Vocabulary one_by_one, at_once;
  std::map<std::string, std::int32_t> known;
  for (std::int32_t i = 0; i < 5000; ++i) {
    const std::int32_t id = (i * 7919) % 20011;  // in no order, with holes
    const std::string token = "t" + std::to_string(i * i) + std::string(i % 13, '_');
    ASSERT_EQ(one_by_one.add(token, id), Vocabulary::Added::kNew);
    ASSERT_TRUE(at_once.append(token, id));
    known[token] = id;
  }
  EXPECT_FALSE(at_once.append("another", 7919));
  ASSERT_TRUE(at_once.index());
  EXPECT_EQ(at_once.size(), one_by_one.size());
  EXPECT_EQ(at_once.id_end(), one_by_one.id_end());
  std::vector<std::string> tokens = {"", "t", "t2", "another"};
  for (const auto& [token, id] : known) tokens.push_back(token);
  std::vector<Vocabulary::Search> searches;
  for (const std::string& token : tokens) searches.push_back({token});
  at_once.find_all(searches);
  for (const Vocabulary::Search& search : searches) {
    const auto found = known.find(std::string(search.token));
    const std::int32_t id = found == known.end() ? Vocabulary::kNone : found->second;
    EXPECT_EQ(search.id, id);
    EXPECT_EQ(at_once.find(search.token), id);
    EXPECT_EQ(one_by_one.find(search.token), id);
  }
  ASSERT_TRUE(at_once.append("t0", 20011));  // that is 0 * 0 without a tail: there already
  EXPECT_FALSE(at_once.index());
}

TEST(Vocabulary, SearchesOfAnEmptyOneFindNothing) {
  Vocabulary empty;
  std::vector<Vocabulary::Search> searches = {{"a", 5}, {"", 5}};
  empty.find_all(searches);
  for (const Vocabulary::Search& search : searches) EXPECT_EQ(search.id, Vocabulary::kNone);
  EXPECT_TRUE(empty.index());
  empty.find_all(searches);
  for (const Vocabulary::Search& search : searches) EXPECT_EQ(search.id, Vocabulary::kNone);
}

}  // namespace
}  // namespace mod::text::test
