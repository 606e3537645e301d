#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/yaml.h"
#include "base/yaml_helpers.h"

namespace mod::yaml {
namespace {

using test::same;
using test::yaml_of;

std::string set_failure(const std::string& text, const std::string& path,
                        const std::string& value = "1") {
  Node root = yaml_of(text);
  const Node before = root;
  try {
    set_path(root, path, value);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidInput);
    EXPECT_TRUE(same(root, before)) << "a refused --set changed the document";
    return e.what();
  }
  return "";
}

TEST(YamlDump, WritesBlockStyle) {
  const Node root = yaml_of(
      "{merge_method: ties, models: [{model: org/a, parameters: {weight: [0.5, 1]}}, b], "
      "empty: {}, none: [], nested: [[1, 2], [3]], q: 'yes', v: '1e-5', n: ~}");
  EXPECT_EQ(dump(root),
            "merge_method: ties\n"
            "models:\n"
            "  - model: org/a\n"
            "    parameters:\n"
            "      weight:\n"
            "        - 0.5\n"
            "        - 1\n"
            "  - b\n"
            "empty: {}\n"
            "none: []\n"
            "nested:\n"
            "  - - 1\n"
            "    - 2\n"
            "  - - 3\n"
            "q: \"yes\"\n"
            "v: \"1e-5\"\n"
            "n: null\n");
}

TEST(YamlDump, ScalarsReadBackAsTheSameKindAndText) {
  for (const char* text : {"yes",
                           "'yes'",
                           "010",
                           "'010'",
                           "1e-5",
                           "1.0e-5",
                           "'1.5'",
                           "0x1F",
                           "1:30",
                           "'1:30'",
                           ".inf",
                           ".nan",
                           "~",
                           "'~'",
                           "''",
                           "2026-01-01",
                           "'2026-01-01'",
                           "'='",
                           "'<<'",
                           "'a: b'",
                           "'a #b'",
                           "'- a'",
                           "'---'",
                           "'...'",
                           "' lead'",
                           "'trail '",
                           "'x:'",
                           "a:b",
                           "\"\\n\\t\\x01\\\\\\\"\"",
                           "\"\\u0085\\u2028\\u2029\\ufeff\\u00a0\\x9b\\x7f\"",
                           "'é ü 日本'",
                           "'*a'",
                           "'&a'",
                           "'!x'",
                           "'%x'",
                           "'@x'",
                           "'`x'",
                           "'[a'",
                           "'{a'",
                           "'a, b'",
                           "'#x'",
                           "'|'",
                           "'>'",
                           "'?'",
                           "'? a'",
                           "!!float 3",
                           "!!float 1e5",
                           "!!str 3",
                           "!!int '7'",
                           "'null'",
                           "-x",
                           "--x",
                           "/a/b c.d",
                           "org/model+lora",
                           "~/models/x",
                           "\"multi\\n  line\\n\"",
                           "123456789012345678901234567890"}) {
    const Node root = yaml_of(fmt::format("v: {}\n", text));
    const std::string dumped = dump(root);
    EXPECT_TRUE(same(yaml_of(dumped), root)) << text << " -> " << dumped;
    const Node list = yaml_of(fmt::format("[{}]\n", text));
    EXPECT_TRUE(same(yaml_of(dump(list)), list)) << text << " -> " << dump(list);
    EXPECT_EQ(dump(yaml_of(dumped)), dumped);
  }
}

TEST(YamlDump, KeysReadBack) {
  Node root;
  root.kind = Kind::kMap;
  for (const std::string& key :
       {std::string("plain"), std::string("null"), std::string("<<"), std::string("="),
        std::string("a: b"), std::string(""), std::string("é"), std::string("x\ny"),
        std::string("yes"), std::string("1"), std::string("- a"), std::string("? q"),
        std::string(5000, 'k'), std::string(3000, '"'), std::string("#c")}) {
    Node value;
    value.kind = Kind::kInt;
    value.integer = 7;
    value.number = 7;
    value.text.assign(1, '7');
    root.entries.emplace_back(key, value);
    Node list;
    list.kind = Kind::kSequence;
    list.items = {value};
    root.entries.emplace_back(fmt::format("{}-list", key), list);
  }
  EXPECT_TRUE(same(yaml_of(dump(root)), root)) << dump(root);
}

TEST(YamlDump, RandomStringsReadBack) {
  std::mt19937 random(7);
  const std::string alphabet = "ab1 :#-'\"\\\n\t[]{},&*!|>%@`?=<~._+/\r\x01";
  for (int round = 0; round < 5000; ++round) {
    Node text;
    text.kind = Kind::kString;
    const std::size_t length = random() % 8;
    for (std::size_t i = 0; i < length; ++i) text.text += alphabet[random() % alphabet.size()];
    Node root;
    root.kind = Kind::kMap;
    root.entries.emplace_back(fmt::format("{}k", text.text), text);
    const Node back = yaml_of(dump(root));
    ASSERT_EQ(back.entries.at(0).first, root.entries[0].first) << dump(root);
    ASSERT_EQ(back.entries[0].second.kind, Kind::kString) << dump(root);
    ASSERT_EQ(back.entries[0].second.text, text.text) << dump(root);
  }
}

TEST(YamlDump, ValuesMadeByPrograms) {
  Node root;
  root.kind = Kind::kMap;
  const auto add = [&](const char* key, Kind kind, long long integer, double number, bool boolean) {
    Node node;
    node.kind = kind;
    node.integer = integer;
    node.number = number;
    node.boolean = boolean;
    root.entries.emplace_back(key, node);
  };
  add("i", Kind::kInt, -5, -5, false);
  add("f", Kind::kFloat, 0, 1e-7, false);
  add("g", Kind::kFloat, 0, 3, false);
  add("h", Kind::kFloat, 0, -HUGE_VAL, false);
  add("b", Kind::kBool, 0, 0, true);
  EXPECT_EQ(dump(root), "i: -5\nf: 1.0e-07\ng: 3.0\nh: -.inf\nb: true\n");
  const Node back = yaml_of(dump(root));
  for (std::size_t i = 0; i < root.entries.size(); ++i) {
    EXPECT_EQ(back.entries[i].second.kind, root.entries[i].second.kind);
    EXPECT_EQ(back.entries[i].second.number, root.entries[i].second.number);
  }
}

TEST(YamlSet, ReplacesAndCreates) {
  Node root = yaml_of("parameters: {lambda: 1}\nmodels: [{model: a}, {model: b}]\nempty:\n");
  set_path(root, "parameters.lambda", "0.3");
  set_path(root, "models[1].parameters.weight", "[0, 1]");
  set_path(root, "models[0].model", "'on'");
  set_path(root, "models[0]", "{model: c, x: yes}");
  set_path(root, "empty.deep.er", "x");
  set_path(root, "fresh", "");
  EXPECT_EQ(root.find("parameters")->find("lambda")->number, 0.3);
  const Node& weight = *root.find("models")->items[1].find("parameters")->find("weight");
  EXPECT_EQ(weight.items.size(), 2u);
  EXPECT_EQ(weight.items[1].place.text(), "--set, models[1].parameters.weight[1]");
  EXPECT_TRUE(root.find("models")->items[0].find("x")->boolean);
  EXPECT_EQ(root.find("empty")->find("deep")->find("er")->text, "x");
  EXPECT_TRUE(root.find("fresh")->is_null());
  EXPECT_TRUE(same(yaml_of(dump(root)), root));
}

TEST(YamlSet, RefusesWhatDoesNotFit) {
  EXPECT_NE(set_failure("a: 1\n", "a.b").find("'b' needs a map, but there is the number 1"),
            std::string::npos);
  EXPECT_NE(set_failure("a: {}\n", "a[0]").find("needs a list, but there is a map"),
            std::string::npos);
  EXPECT_NE(set_failure("a: [1]\n", "a[1]").find("has 1 entries"), std::string::npos);
  EXPECT_NE(set_failure("a: [1]\n", "new[0]").find("needs a list"), std::string::npos);
  for (const char* path : {"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[0",
                           "a[0]b", "a[99999999999999999999]", "[0]"}) {
    EXPECT_NE(set_failure("a: [{}]\n", path), "") << path;
  }
  EXPECT_NE(set_failure("a: 1\n", "b", "[1"), "");
  EXPECT_NE(set_failure("a: 1\n", "b", "="), "");
  EXPECT_NE(set_failure("a: 1\n", "b", "1\n---\n2"), "");
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  EXPECT_NE(set_failure("b: 1\n", deep), "");
}

}  // namespace
}  // namespace mod::yaml
