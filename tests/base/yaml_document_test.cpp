// Structure: duplicates, anchors, merge keys, documents, tabs, limits.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "base/yaml.h"
#include "base/yaml_helpers.h"

namespace mod::yaml {
namespace {

using test::failure;
using test::same;
using test::yaml_of;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string repeat(std::string_view part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

TEST(YamlMap, LastDuplicateWinsAndIsListedOnce) {
  const Node root = yaml_of("a: 1\nb: x\na: 2\n'a': 3\nc: {d: 1, d: 2}\n");
  ASSERT_EQ(root.entries.size(), 3u);
  EXPECT_EQ(root.find("a")->integer, 3);
  EXPECT_EQ(root.find("a")->place.line, 4);
  EXPECT_EQ(root.duplicates, std::vector<std::string>{"a"});
  EXPECT_EQ(root.find("c")->duplicates, std::vector<std::string>{"d"});
  EXPECT_TRUE(yaml_of("a: 1\nb: 1\n").duplicates.empty());
}

TEST(YamlMap, KeysKeepTheirOrderAndText) {
  const Node root = yaml_of("z: 1\n1: 2\non: 3\n2026-01-01: 4\n'q k': 5\n? long\n: 6\n");
  const char* expected[] = {"z", "1", "on", "2026-01-01", "q k", "long"};
  ASSERT_EQ(root.entries.size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i)
    EXPECT_EQ(root.entries[i].first, expected[i]);
}

TEST(YamlMap, NullAndCompositeKeysAreErrors) {
  for (const char* text : {": 1\n", "~: 1\n", "null: 1\n", "{~: 1}\n", "{: 1}\n"}) {
    EXPECT_TRUE(has(failure(text), "a key is missing or null")) << text << failure(text);
  }
  for (const char* text :
       {"[a]: 1\n", "? [a, b]\n: 1\n", "? {a: b}\n: 1\n", "x: &k [1]\n*k : 2\n", "{a: 1}: 2\n"}) {
    EXPECT_TRUE(has(failure(text), "cannot be a key")) << text << failure(text);
  }
  EXPECT_EQ(yaml_of("x: &k name\n*k : 2\n").find("name")->integer, 2);
}

TEST(YamlAlias, RepeatsTheValueAtItsNewPlace) {
  const Node root = yaml_of("a: &x {w: [1, 2]}\nb: *x\nc: [*x]\n");
  EXPECT_TRUE(same(*root.find("a"), *root.find("b")));
  EXPECT_EQ(root.find("c")->items[0].find("w")->items[1].place.text(), "t.yml:1:15, c[0].w[1]");
}

TEST(YamlAlias, UnknownAndCircularOnesAreErrors) {
  EXPECT_TRUE(has(failure("a: *x\n"), "t.yml:1:4"));
  EXPECT_TRUE(has(failure("a: &x [1, *x]\n"), "cannot hold itself"));
  EXPECT_TRUE(has(failure("&x a: {b: &y {c: *y}}\n"), "cannot hold itself"));
  EXPECT_NE(failure("--- &a 1\n--- *a\n"), "");
}

TEST(YamlAlias, ARedefinedAnchorMeansItsLastValue) {
  const Node root = yaml_of("[&x 1, *x, &x 2, *x]");
  EXPECT_EQ(root.items[1].integer, 1);
  EXPECT_EQ(root.items[3].integer, 2);
}

TEST(YamlMergeKey, FillsInWhatIsMissing) {
  const Node root = yaml_of(
      "base: &b {x: 1, y: 2}\n"
      "other: &o {y: 20, z: 30}\n"
      "one: {<<: *b, y: 3}\n"
      "two: {y: 3, <<: *b}\n"
      "list: {<<: [*b, *o]}\n"
      "inline: {<<: {q: 1}}\n"
      "both:\n  <<: *b\n  <<: *o\n");
  for (const char* name : {"one", "two"}) {
    const Node& map = *root.find(name);
    ASSERT_EQ(map.entries.size(), 2u) << name;
    EXPECT_EQ(map.find("x")->integer, 1) << name;
    EXPECT_EQ(map.find("y")->integer, 3) << name;
    EXPECT_TRUE(map.duplicates.empty()) << name;
  }
  const Node& list = *root.find("list");
  EXPECT_EQ(list.find("y")->integer, 2);  // the first of a list wins
  EXPECT_EQ(list.find("z")->integer, 30);
  EXPECT_EQ(root.find("inline")->find("q")->integer, 1);
  EXPECT_EQ(root.find("both")->find("x")->integer, 1);
  EXPECT_EQ(root.find("both")->find("y")->integer, 20);
}

TEST(YamlMergeKey, QuotedIsAnOrdinaryKeyAndOthersAreErrors) {
  EXPECT_EQ(yaml_of("'<<': 1\n").find("<<")->integer, 1);
  for (const char* text : {"<<: 1\n", "<<: [1]\n", "<<:\n", "<<: x\n"}) {
    EXPECT_TRUE(has(failure(text), "'<<' takes a map")) << text;
  }
  for (const char* text : {"<<\n", "a: <<\n", "[<<]\n"}) {
    EXPECT_TRUE(has(failure(text), "'<<' stands where a value belongs")) << text;
  }
}

TEST(YamlDocument, ExactlyOne) {
  EXPECT_TRUE(has(failure("a: 1\n---\nb: 2\n"), "t.yml:2:1: a second document"));
  EXPECT_TRUE(has(failure("a: 1\n---\n"), "a second document"));
  EXPECT_TRUE(has(failure(""), "is empty"));
  EXPECT_TRUE(has(failure("# only a comment\n"), "is empty"));
  EXPECT_EQ(failure("--- \na: 1\n...\n"), "");
  EXPECT_EQ(failure("%YAML 1.1\n---\na: 1\n"), "");
  EXPECT_EQ(failure("\xEF\xBB\xBF# byte order mark\na: 1\n"), "");
}

TEST(YamlDocument, SeveralAreRead) {
  const auto documents = parse("a: 1\n---\nb: 2\n---\n- 3\n", "t.yml");
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[1].find("b")->place.line, 3);
  EXPECT_EQ(documents[2].items[0].integer, 3);
  EXPECT_TRUE(parse("", "t.yml").empty());
}

TEST(YamlDocument, LeftoverTextIsNotANewDocument) {
  for (const char* text : {"'a' 'b'\n", "[1] [2]\n", "{a: 1} b: 2\n", "[1]\n[2]\n", "- a\nb: 1\n",
                           "a: 1\n...\nb: 2\n"}) {
    EXPECT_NE(failure(text), "") << text;
  }
}

TEST(YamlSyntax, ErrorsNameFileLineAndColumn) {
  EXPECT_TRUE(has(failure("a: [1, 2\nb: 3\n"), "t.yml:"));
  EXPECT_TRUE(has(failure("a: 1\nb: x: y\n"), "t.yml:2:5"));
  for (const char* text :
       {"a: 'x\n", "a: \"x\n", "a: 'x\n   ", "a: 'x''\n", "'x", "- \"x\\\"\n", "a: \"\\q\"\n",
        "a:\n    b: 1\n  c: 2\n", "a: }\n", "a: @x\n", "a: `x\n", "a: %x\n", "a: &x &y 1\n",
        "- [a\n", "{a: 1\n", "a: b\n c: d\n", "a: - b\n", "%YAML 9.9\n---\n"}) {
    EXPECT_TRUE(has(failure(text), "t.yml:")) << text << failure(text);
  }
}

TEST(YamlSyntax, FlowStyleAndTrailingCommas) {
  const Node root = yaml_of("{a: [1, 2,], b: {c: x,},}\n");
  EXPECT_EQ(root.find("a")->items.size(), 2u);
  EXPECT_EQ(root.find("b")->entries.size(), 1u);
}

TEST(YamlSyntax, LinesAreNotSkippedAsUnknownDirectives) {
  EXPECT_TRUE(has(failure("a: 1\n%b: 2\n"), "t.yml:2:1: a line starts with '%'"));
  EXPECT_NE(failure("%FOO bar\n---\na: 1\n"), "");
  EXPECT_EQ(yaml_of("a: 50%\n'%b': 1\n").find("a")->text, "50%");
}

TEST(YamlSyntax, WindowsLineEnds) {
  const Node root = yaml_of("a: 1\r\nb:\r\n  - x\r\n");
  EXPECT_EQ(root.find("a")->integer, 1);
  EXPECT_EQ(root.find("b")->items[0].text, "x");
}

TEST(YamlTab, OutsideOfTextIsAnErrorWithItsPlace) {
  const std::pair<const char*, const char*> table[] = {
      {"a:\n\tb: 1\n", "t.yml:2:1"},     {"a:\tb\n", "t.yml:1:3"},
      {"a: 1\t# c\n", "t.yml:1:5"},      {"a: [1,\t2]\n", "t.yml:1:7"},
      {"a: 1\n\t\nb: 2\n", "t.yml:2:1"}, {"a: 'x'\t# c\n", "t.yml:1:7"},
      {"a: x\ty\n", "t.yml:1:5"},        {"-\ta\n", "t.yml:1:2"},
      {"a: &x\t1\n", "t.yml:1:6"},       {"a:\n  - b\n\t- c\n", "t.yml:3:1"},
      {"\t# c\na: 1\n", "t.yml:1:1"},    {"[1, 2]\t\n", "t.yml:1:7"}};
  for (const auto& [text, place] : table) {
    const std::string message = failure(text);
    EXPECT_TRUE(has(message, "a tab stands")) << text << message;
    EXPECT_TRUE(has(message, std::string(place) + ":")) << text << message;
  }
}

TEST(YamlTab, InsideOfTextAndCommentsIsFine) {
  EXPECT_EQ(yaml_of("a: 'x\ty'\n").find("a")->text, "x\ty");
  EXPECT_EQ(yaml_of("a: \"x\ty\"\n").find("a")->text, "x\ty");
  EXPECT_EQ(yaml_of("a: |\n  x\ty\n  \tz\n").find("a")->text, "x\ty\n\tz\n");
  EXPECT_EQ(failure("a: 1 # x\ty\n#\tz\n"), "");
  EXPECT_EQ(failure("'k\te': 1\n"), "");
}

TEST(YamlText, MustBeUtf8WithoutControlCharacters) {
  EXPECT_TRUE(has(failure("a: \xff\n"), "not valid UTF-8"));
  EXPECT_TRUE(has(failure("a: \xC0\xAF\n"), "not valid UTF-8"));
  EXPECT_TRUE(has(failure(std::string("a: 1\nb: \0x\n", 11)), "t.yml:2:4: a control character"));
  EXPECT_TRUE(has(failure("a: \x04\n"), "a control character"));
  EXPECT_TRUE(has(failure("a: \x1b[31m\n"), "a control character"));
  EXPECT_TRUE(has(failure("a: \xC2\x9B"
                          "31m\n"),
                  "a control character"));
  EXPECT_EQ(yaml_of("a: \"\\x01\\u00e9\"\n").find("a")->text, "\x01\xC3\xA9");
  EXPECT_EQ(yaml_of("é: ü\n").find("é")->text, "ü");
}

TEST(YamlLimit, Bytes) {
  EXPECT_EQ(failure("a: 123456\n", {.bytes = 10}), "");
  EXPECT_TRUE(has(failure("a: 1234567\n", {.bytes = 10}), "more than the 10 B allowed"));
}

TEST(YamlLimit, Depth) {
  EXPECT_EQ(failure(repeat("[", 64) + repeat("]", 64)), "");
  EXPECT_TRUE(has(failure(repeat("[", 65) + repeat("]", 65)), "64 levels deep"));
  EXPECT_TRUE(has(failure(repeat("[", 100000)), "closing ']' or '}' is missing"));
  EXPECT_NE(failure(repeat("{a: ", 100000)), "");
  EXPECT_NE(failure(repeat("- ", 100000)), "");
  EXPECT_NE(failure(repeat("? ", 100000)), "");
  EXPECT_NE(failure(repeat("{", 100000)), "");
  EXPECT_TRUE(has(failure(repeat("[", 100000) + repeat("]", 100000)), "levels deep"));
  EXPECT_NE(failure(repeat("]", 100000)), "");
  EXPECT_NE(failure(repeat("a: ", 100000)), "");
  // An alias carries its own depth to where it is used.
  const std::string half = repeat("[", 40) + repeat("]", 40);
  EXPECT_TRUE(has(failure("a: &x " + half + "\nb: " + repeat("[", 30) + "*x" + repeat("]", 30)),
                  "64 levels deep"));
}

TEST(YamlLimit, Nodes) {
  EXPECT_EQ(failure("[1, 2, 3]", {.nodes = 4}), "");
  EXPECT_TRUE(has(failure("[1, 2, 3, 4]", {.nodes = 4}), "more than 4 values"));
}

TEST(YamlLimit, AliasBombs) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format("a{}: &a{} [{}]\n", i, i, repeat(fmt::format("*a{}, ", i - 1), 9));
  }
  EXPECT_TRUE(has(failure(bomb), "once its aliases are expanded"));
  // Few values, much text.
  const std::string text =
      fmt::format("a: &a {}\nb: [{}]\n", std::string(1 << 20, 'x'), repeat("*a, ", 100));
  EXPECT_TRUE(has(failure(text), "once its aliases are expanded"));
  // Merge keys expand too.
  std::string merges = "m0: &m0 {";
  for (int i = 0; i < 1000; ++i) merges += fmt::format("k{}: 1, ", i);
  merges += "}\n";
  for (int i = 0; i < 1100; ++i) merges += fmt::format("n{}: {{<<: *m0}}\n", i);
  EXPECT_TRUE(has(failure(merges), "once its aliases are expanded"));
}

TEST(YamlLimit, LongKeysDoNotMultiplyInKeyPaths) {
  const Node root = yaml_of("? " + std::string(100000, 'k') + "\n: [1, 2, [3]]\n");
  EXPECT_LT(root.entries[0].second.items[2].items[0].place.key_path.size(), 200u);
}

}  // namespace
}  // namespace mod::yaml
