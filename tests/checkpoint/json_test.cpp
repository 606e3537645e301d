#include <string>

#include "checkpoint/model_folder.h"
#include "checkpoint/shard_index.h"
#include "checkpoint/support.h"

namespace mod::checkpoint::test {
namespace {

void expect_bad_json(std::string_view text, std::string_view part) {
  expect_error([&] { parse_json(text, "config.json"); }, ErrorCode::kCorruptFile, part);
}

void expect_bad_index(std::string_view text, std::string_view part) {
  expect_error([&] { parse_shard_index(text, "i.json"); }, ErrorCode::kCorruptFile, part);
}

TEST(ParseJson, KeepsOrderAndTypes) {
  const std::string text = R"({"z":1,"a":[true,null,-2,1.5,"x"],"m":{"b":{},"a":[]}})";
  EXPECT_EQ(parse_json(text, "f").dump(), text);
  EXPECT_EQ(parse_json(" 3 ", "f"), 3);
}

TEST(ParseJson, SaysFileLineAndColumn) {
  expect_bad_json("{\n  \"a\": 1,\n  oops\n}",
                  "config.json: not valid JSON: parse error at line 3, column 3");
  expect_bad_json("", "line 1, column 1");
}

TEST(ParseJson, RefusesWhatReadersDisagreeOn) {
  expect_bad_json(R"({"a":1,"a":2})", "'a' stands twice");
  expect_bad_json(R"([{"b":{"a":1,"a":2}}])", "'a' stands twice");
  expect_bad_json(std::string("{}\0{}", 5), "NUL byte");
  expect_bad_json("{\"a\":NaN}", "not valid JSON");
  expect_bad_json("{\"\xc3\":1}", "not valid JSON");
  EXPECT_EQ(parse_json(R"({"a":{"x":1},"b":{"x":1}})", "f").size(), 2u);
}

TEST(ParseJson, NestingIsBounded) {
  EXPECT_NO_THROW(parse_json(std::string(100, '[') + std::string(100, ']'), "f"));
  expect_bad_json(std::string(101, '[') + std::string(101, ']'), "deeper than 100");
  expect_bad_json(std::string(1'000'000, '['), "deeper than 100");
}

TEST(ParseJson, ManyKeysOfOneObjectTakeNoQuadraticTime) {
  std::string text = "{\"k\":0";
  for (int i = 0; i < 200'000; ++i)
    text += ",\"token" + std::to_string(i) + "\":" + std::to_string(i);
  const Json json = parse_json(text + "}", "f");
  EXPECT_EQ(json.size(), 200'001u);
  EXPECT_EQ(json.back(), 199'999);
}

TEST(ShardIndex, ReadsMapAndSortsFiles) {
  const ShardIndex index = parse_shard_index(
      R"({"metadata":{"total_size":4,"x":[[1.5,null,true,-1]]},"weight_map":{"b":"m-2","a":"m-1","c":"m-2"}})",
      "i.json");
  EXPECT_EQ(index.files, (std::vector<std::string>{"m-1", "m-2"}));
  ASSERT_EQ(index.map.size(), 3u);
  EXPECT_EQ(index.map[0], (std::pair<std::string, std::size_t>("b", 1)));
  EXPECT_EQ(index.map[1], (std::pair<std::string, std::size_t>("a", 0)));
}

TEST(ShardIndex, RefusesFilesOutsideTheFolder) {
  for (const std::string name : {"../x", "/etc/passwd", "a/b", "..", ".", "", "a\\u0000b"}) {
    expect_bad_index(R"({"weight_map":{"t":")" + name + "\"}}",
                     "not the name of a file in this folder");
  }
}

TEST(ShardIndex, RefusesBadStructure) {
  expect_bad_index("", "not valid JSON");
  expect_bad_index("[]", "the index is a list, not an object");
  expect_bad_index("3", "the index is a number");
  expect_bad_index("{}", "no weight_map");
  expect_bad_index(R"({"weight_map":{}})", "weight_map is empty");
  expect_bad_index(R"({"weight_map":[]})", "weight_map is a list, not an object");
  expect_bad_index(R"({"weight_map":"x"})", "weight_map is a string");
  expect_bad_index(R"({"metadata":{"weight_map":{"t":"f"}}})", "no weight_map");
  expect_bad_index(R"({"weight_map":{"t":1}})", "'t' is a number, not a file name");
  expect_bad_index(R"({"weight_map":{"t":{"u":"f"}}})", "'t' is an object, not a file name");
  expect_bad_index(R"({"weight_map":{"t":"f","t":"g"}})", "'t' stands twice");
  expect_bad_index(R"({"weight_map":{"t":"f"},"weight_map":{"t":"g"}})",
                   "'weight_map' stands twice");
  expect_bad_index(R"({"a":)" + std::string(100'000, '['), "deeper than 32");
}

TEST(ShardIndex, EveryTruncationIsAnError) {
  const std::string whole = R"({"metadata":{"total_size":4},"weight_map":{"a":"m-1","b":"m-2"}})";
  EXPECT_NO_THROW(parse_shard_index(whole, "i"));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THROW(parse_shard_index(std::string_view(whole).substr(0, n), "i"), Error) << n;
  }
}

}  // namespace
}  // namespace mod::checkpoint::test
