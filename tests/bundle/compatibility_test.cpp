// Which tokenizers can write one text together, and which ids they have in common.
#include "bundle/compatibility.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bundle/support.h"

namespace mod::bundle::testing {
namespace {

using Json = nlohmann::ordered_json;
using text::Tokenizer;
using Masks = std::vector<IdRange>;

/// Byte-level tokens with these ids; special: added tokens that are special, added: that are not.
Tokenizer make(const Json& vocabulary, const Json& special = Json::object(),
               const Json& added = Json::object(), const char* decoder = "ByteLevel") {
  Json file = Json::parse(R"({"version": "1.0", "added_tokens": [], "normalizer": null,
    "pre_tokenizer": null, "post_processor": null,
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
              "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "merges": []}})");
  if (std::string_view(decoder) != "ByteLevel") file["decoder"] = {{"type", decoder}};
  file["model"]["vocab"] = vocabulary;
  for (const auto& [tokens, is_special] : {std::pair(&special, true), std::pair(&added, false)}) {
    for (const auto& [content, id] : tokens->items()) {
      file["added_tokens"].push_back({{"id", id},
                                      {"content", content},
                                      {"single_word", false},
                                      {"lstrip", false},
                                      {"rstrip", false},
                                      {"normalized", false},
                                      {"special", is_special}});
    }
  }
  return Tokenizer::parse(file.dump(), "", "t.json");
}

struct Checked {
  Masks masks;
  std::vector<std::string> notes;
};

Checked check(const std::vector<NamedTokenizer>& experts) {
  Problems problems;
  Checked checked{check_tokenizers(experts, problems), {}};
  for (const Problem& problem : problems.all()) checked.notes.push_back(to_text(problem));
  return checked;
}

TEST(Compatibility, EqualTokenizersMaskOnlyThePadding) {
  const Tokenizer a = make({{"a", 0},
                            {"b", 1},
                            {"\xC4\xA0"
                             "c",
                             2}});
  const Tokenizer same = make({{"b", 1},
                               {"\xC4\xA0"
                                "c",
                                2},
                               {"a", 0}});
  EXPECT_EQ(check({{"x", &a, 3}}).masks, Masks{});
  EXPECT_EQ(check({{"x", &a, 3}, {"y", &a, 3}}).masks, Masks{});
  for (const Tokenizer* other : {&a, &same}) {
    const Checked checked = check({{"x", &a, 5}, {"y", other, 9}});
    EXPECT_EQ(checked.masks, (Masks{{3, 9}})) << "up to the widest model";
    EXPECT_EQ(checked.notes, std::vector<std::string>{});
  }
}

TEST(Compatibility, HolesAndTokensOfSomeExpertsAreMasked) {
  const Tokenizer a = make({{"a", 0}, {"b", 1}, {"d", 3}, {"f", 6}});
  const Tokenizer b = make({{"a", 0}, {"b", 1}, {"d", 3}, {"e", 4}}, {{"<s>", 7}});
  const Checked checked = check({{"x", &a, 8}, {"y", &b, 10}});
  EXPECT_EQ(checked.masks, (Masks{{2, 3}, {4, 10}}));
  EXPECT_EQ(checked.notes, std::vector<std::string>{
                               "note: 3 tokens that not every expert has are never sampled: \"e\" "
                               "(4, not in x), \"f\" (6, not in y), \"<s>\" (7, not in x)"});
}

TEST(Compatibility, TokensWithoutARowAreMasked) {
  const Tokenizer a = make({{"a", 0}, {"b", 1}, {"c", 2}});
  const Checked checked = check({{"x", &a, 3}, {"y", &a, 2}});
  EXPECT_EQ(checked.masks, (Masks{{2, 3}}));
  EXPECT_EQ(checked.notes, std::vector<std::string>{"note: 1 tokens that not every expert has are "
                                                    "never sampled: \"c\" (2, not in y)"});
}

TEST(Compatibility, TheFirstDifferentIdIsNamedWithBothByteStrings) {
  const Tokenizer a = make({{"a", 0},
                            {"\xC4\xA0"
                             "b",
                             1},
                            {"\xC4\x8A", 2},
                            {"\xC2\xA1", 3}});
  const Tokenizer b = make({{"a", 0},
                            {"\xC4\xA0"
                             "b",
                             1},
                            {"c", 2},
                            {"\xC2\xA2", 3}});
  const Error error = error_of([&] { check({{"x", &a, 4}, {"y", &a, 4}, {"z", &b, 4}}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_STREQ(error.what(),
               "the experts' tokens differ: id 2 is \"\\x0a\" in x and \"c\" in z (2 ids differ); "
               "only models that share a tokenizer can write one text together");
  const Tokenizer c = make({{"a", 0},
                            {"\xC4\xA0"
                             "b",
                             1},
                            {"\xC4\x8A", 2},
                            {"\xC2\xA2", 3}});
  EXPECT_TRUE(says(error_of([&] { check({{"x", &a, 4}, {"y", &c, 4}}); }),
                   "id 3 is \"\\xa1\" in x and \"\\xa2\" in y;"));
}

// Bytes are compared, not how a vocabulary writes them.
TEST(Compatibility, TheDecoderCounts) {
  const Json vocabulary = {{"a", 0},
                           {"\xC4\xA0"
                            "b",
                            1}};
  const Tokenizer a = make(vocabulary), fused = make(vocabulary, {}, {}, "Fuse");
  EXPECT_TRUE(says(error_of([&] { check({{"x", &a, 2}, {"y", &fused, 2}}); }),
                   "id 1 is \" b\" in x and \"\xC4\xA0"
                   "b\" in y"));
  const Tokenizer spelled = make({{"a", 0}, {" b", 1}}, {}, {}, "Fuse");
  EXPECT_EQ(check({{"x", &a, 2}, {"y", &spelled, 2}}).masks, Masks{});
}

// The first expert does not have the id that the other two disagree about.
TEST(Compatibility, EveryPairIsCompared) {
  const Tokenizer a = make({{"a", 0}}), b = make({{"a", 0}, {"b", 1}}),
                  c = make({{"a", 0}, {"c", 1}});
  EXPECT_TRUE(says(error_of([&] { check({{"x", &a, 2}, {"y", &b, 2}, {"z", &c, 2}}); }),
                   "id 1 is \"b\" in y and \"c\" in z"));
}

TEST(Compatibility, SpecialTokensThatDifferAreListed) {
  const Tokenizer a = make({{"a", 0}}, {{"<s>", 1}, {"<end>", 2}});
  const Tokenizer b = make({{"b", 0}}, {{"<s>", 1}, {"<stop>", 2}});
  EXPECT_TRUE(
      says(error_of([&] { check({{"x", &a, 3}, {"y", &b, 3}}); }),
           "id 0 is \"a\" in x and \"b\" in y (2 ids differ); special tokens that differ: 2 "
           "is \"<end>\" in x and \"<stop>\" in y"));
  const Tokenizer c = make({{"a", 0}}, {{"<s>", 1}}, {{"<end>", 2}});
  const Checked checked = check({{"x", &a, 3}, {"y", &c, 3}});
  EXPECT_EQ(checked.masks, Masks{});
  EXPECT_EQ(checked.notes,
            std::vector<std::string>{"note: special tokens of some experts only: \"<end>\" (2: "
                                     "special in x, not in y)"});
}

TEST(Compatibility, LongListsAreCutAndControlCharactersEscaped) {
  Json many = {{"a", 0}};
  for (int i = 1; i <= 12; ++i) many["t" + std::to_string(i)] = i;
  const Tokenizer a = make({{"a", 0}}), b = make(many);
  EXPECT_TRUE(
      check({{"x", &a, 13}, {"y", &b, 13}}).notes.at(0).ends_with("(8, not in x) and 4 more"));
  EXPECT_EQ(check({{"x", &a, 13}, {"y", &b, 13}}).masks, (Masks{{1, 13}}));
}

TEST(Compatibility, TheSpecialistsShareTheirTokenizer) {
  std::vector<Tokenizer> all;
  for (const char* name : {"base", "math", "code", "french"}) {
    all.push_back(Tokenizer::load(specialist(name)));
  }
  const Checked checked = check({{"base", &all[0], 1024},
                                 {"math", &all[1], 1024},
                                 {"code", &all[2], 1024},
                                 {"french", &all[3], 1100}});
  EXPECT_EQ(checked.masks, (Masks{{1024, 1100}}));
  EXPECT_TRUE(checked.notes.empty());
}

}  // namespace
}  // namespace mod::bundle::testing
