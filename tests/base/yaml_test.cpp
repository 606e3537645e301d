#include "base/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/yaml_helpers.h"

namespace mod::yaml {
namespace {

using test::failure;
using test::yaml_of;

Node value_of(const std::string& scalar) {
  const Node root = yaml_of(fmt::format("v: {}\n", scalar));
  return root.entries.at(0).second;
}

TEST(YamlScalar, Booleans) {
  for (const char* text : {"yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"}) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kBool) << text;
    EXPECT_TRUE(v.boolean) << text;
    EXPECT_EQ(v.as_number(), 1.0) << text;
  }
  for (const char* text : {"no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"}) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kBool) << text;
    EXPECT_FALSE(v.boolean) << text;
    EXPECT_EQ(v.as_number(), 0.0) << text;
  }
}

TEST(YamlScalar, Nulls) {
  for (const char* text : {"~", "null", "Null", "NULL", "", "!!null", "!!null ~"}) {
    EXPECT_TRUE(value_of(text).is_null()) << text;
    EXPECT_FALSE(value_of(text).as_number().has_value()) << text;
  }
  EXPECT_EQ(value_of("nULL").kind, Kind::kString);
}

TEST(YamlScalar, Integers) {
  const std::pair<const char*, long long> table[] = {
      {"0", 0},         {"7", 7},
      {"-12", -12},     {"+5", 5},
      {"010", 8},       {"-010", -8},
      {"0x1F", 31},     {"0b11", 3},
      {"-0b101", -5},   {"1_000", 1000},
      {"1:30", 90},     {"-1:30", -90},
      {"1:2:3", 3723},  {"190:20:30", 685230},
      {"0_7", 7},       {"0x_ff", 255},
      {"1__0", 10},     {"00", 0},
      {"1:5", 65},      {"9223372036854775807", 9223372036854775807LL},
      {"!!int 12", 12}, {"!!int \"0x10\"", 16}};
  for (const auto& [text, expected] : table) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kInt) << text;
    EXPECT_EQ(v.integer, expected) << text;
    EXPECT_EQ(v.as_number(), static_cast<double>(expected)) << text;
  }
}

TEST(YamlScalar, IntegersBeyond64BitsBecomeFloats) {
  for (const auto& [text, expected] :
       {std::pair{"9223372036854775808", 0x1p63}, std::pair{"-18446744073709551616", -0x1p64},
        std::pair{"0x10000000000000000", 0x1p64}, std::pair{"02000000000000000000000", 0x1p64}}) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kFloat) << text;
    EXPECT_EQ(v.number, expected) << text;
  }
  EXPECT_TRUE(std::isinf(value_of(std::string(400, '9')).number));
}

TEST(YamlScalar, Floats) {
  const std::pair<const char*, double> table[] = {{"1.0e-5", 1e-5},
                                                  {"1.0e+5", 1e5},
                                                  {".5", 0.5},
                                                  {"5.", 5},
                                                  {"+1.5", 1.5},
                                                  {"-0.25", -0.25},
                                                  {"1_000.5", 1000.5},
                                                  {"1:30.5", 90.5},
                                                  {"-1:30.5", -90.5},
                                                  {"0:30.", 30},
                                                  {".5e-3", 0.0005},
                                                  {"1.5E+3", 1500},
                                                  {"1.0e+400", HUGE_VAL},
                                                  {"1.0e-400", 0},
                                                  {".inf", HUGE_VAL},
                                                  {"+.Inf", HUGE_VAL},
                                                  {"-.INF", -HUGE_VAL},
                                                  {"!!float 3", 3},
                                                  {"!!float 1e-5", 1e-5},
                                                  {"08.5", 8.5}};
  for (const auto& [text, expected] : table) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kFloat) << text;
    EXPECT_EQ(v.number, expected) << text;
    EXPECT_EQ(v.as_number(), expected) << text;
  }
  for (const char* text : {".nan", ".NaN", ".NAN"}) {
    EXPECT_EQ(value_of(text).kind, Kind::kFloat) << text;
    EXPECT_TRUE(std::isnan(value_of(text).number)) << text;
  }
}

TEST(YamlScalar, StringsThatReadAsNumbers) {
  const std::pair<const char*, double> table[] = {{"1e-5", 1e-5}, {"1e5", 1e5},   {"12e03", 12e3},
                                                  {"1.0e5", 1e5}, {"08", 8},      {"-.5", -0.5},
                                                  {"'0.5'", 0.5}, {"\" 7 \"", 7}, {"!!str 3", 3},
                                                  {"+1e3", 1000}, {"1.5E3", 1500}};
  for (const auto& [text, expected] : table) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kString) << text;
    EXPECT_EQ(v.number, expected) << text;
    EXPECT_EQ(v.as_number(), expected) << text;
  }
}

TEST(YamlScalar, StringsThatAreNot) {
  for (const char* text :
       {"y",        "n",        "Y",     "N",         "0o10",     "1,000",       "0.1.4",
        "tRUE",     "1:75",     "1:305", "01:30",     "0b12",     "0x1G",        "1e",
        "--1",      "+-1",      ".",     "-",         "+",        "e5",          "_1",
        "1-2",      "v1.0",     "0b",    "0x_",       "2026-1-1", "20260-01-01", "'yes'",
        "\"null\"", "\"0x1F\"", "'1_0'", "\"nan(1)\""}) {
    const std::string written = text == std::string("-") ? "'-'" : text;
    const Node v = value_of(written);
    EXPECT_EQ(v.kind, Kind::kString) << text;
    EXPECT_FALSE(v.as_number().has_value()) << text;
  }
}

TEST(YamlScalar, Dates) {
  for (const char* text :
       {"2026-01-01", "2026-1-1 10:00:00", "2026-01-01T10:00:00Z", "2026-01-01t1:00:00.5 +2",
        "2026-01-01 10:00:00.123 -02:30", "!!timestamp 2026-01-01"}) {
    EXPECT_EQ(value_of(text).kind, Kind::kDate) << text;
    EXPECT_FALSE(value_of(text).as_number().has_value()) << text;
  }
}

TEST(YamlScalar, QuotedIsAlwaysText) {
  for (const char* text : {"'yes'", "\"1\"", "'~'", "\"2026-01-01\"", "'='", "'<<'", "! 12"}) {
    const Node v = value_of(text);
    EXPECT_EQ(v.kind, Kind::kString) << text;
    EXPECT_TRUE(v.quoted) << text;
  }
  const Node block = yaml_of("v: |\n  12\n").entries[0].second;
  EXPECT_EQ(block.kind, Kind::kString);
  EXPECT_EQ(block.text, "12\n");
  EXPECT_FALSE(value_of("plain").quoted);
}

TEST(YamlScalar, LoneEqualsSignIsAnError) {
  EXPECT_NE(failure("a: 1\nv: =\n").find("t.yml:2:4"), std::string::npos);
  EXPECT_NE(failure("=: 1\n"), "");
  EXPECT_EQ(failure("a: '='\nb: =x\n"), "");
}

TEST(YamlScalar, TagsThatDoNotFit) {
  for (const char* text : {"v: !!int x\n", "v: !!bool 1\n", "v: !!null x\n", "v: !!float x\n",
                           "v: !!timestamp 3\n", "v: !!int 1.5\n"}) {
    EXPECT_NE(failure(text).find("is not a value of the type"), std::string::npos) << text;
  }
}

TEST(YamlTag, OnlyStandardOnes) {
  for (const char* tag : {"!!python/object/apply:os.system", "!!python/none", "!x", "!<tag:x,1:y>",
                          "!!binary", "!!set", "!!omap", "!!pairs"}) {
    for (const char* value : {" x", " [x]", " {a: b}", " \"q\"", "", " ~"}) {
      const std::string text = fmt::format("a: 1\nv: {}{}\n", tag, value);
      EXPECT_NE(failure(text).find("t.yml:2"), std::string::npos) << text;
    }
  }
  EXPECT_EQ(failure("v: !!map {a: !!seq [!!str 1]}\n"), "");
  EXPECT_EQ(failure("v: !<tag:yaml.org,2002:str> 1\n"), "");
  EXPECT_NE(failure("v: !!seq {a: b}\n"), "");
  EXPECT_NE(failure("v: !!map [a]\n"), "");
}

TEST(YamlNode, DescribesItself) {
  const Node root = yaml_of("{a: [], b: {}, c: x, d: 3, e: yes, f: 2026-01-01, g: ~, h: 1.5}");
  const char* expected[] = {"a list",           "a map",
                            "the string 'x'",   "the number 3",
                            "the boolean true", "the date 2026-01-01",
                            "nothing (null)",   "the number 1.5"};
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(root.entries[i].second.describe(), expected[i]);
  }
  EXPECT_LT(value_of(std::string(1000, 'x')).describe().size(), 100u);
}

TEST(YamlNode, PlacesNameLineColumnAndKeyPath) {
  const Node root = yaml_of(
      "slices:\n"
      "  - sources:\n"
      "      - model: a\n"
      "        layer_range: [0, 4]\n"
      "      - {model: b, layer_range: [4, 8]}\n"
      "merge_method: slerp\n");
  const Node& second = root.find("slices")->items.at(0).find("sources")->items.at(1);
  const Node& number = second.find("layer_range")->items.at(1);
  EXPECT_EQ(number.place.text(), "t.yml:5:37, slices[0].sources[1].layer_range[1]");
  EXPECT_EQ(root.find("merge_method")->place.text(), "t.yml:6:15, merge_method");
  EXPECT_EQ(root.place.text(), "t.yml:1:1");
  EXPECT_EQ(root.find("none"), nullptr);
}

}  // namespace
}  // namespace mod::yaml
