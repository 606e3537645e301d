#include "merge/shards.h"

#include <gtest/gtest.h>

#include "checkpoint/safetensors.h"
#include "mod/version.h"

namespace mod::merge {
namespace {

ShardEntry entry(const std::string& name, std::int64_t n, DType dtype = DType::U8) {
  return {name, dtype, {n}, static_cast<std::uint64_t>(n) * dtype_size(dtype)};
}

std::vector<int> shards_of(const ShardSet& set) {
  std::vector<int> out;
  for (const ShardPlace& p : set.places) out.push_back(p.shard);
  return out;
}

TEST(Shards, CloseWhenTheNextTensorWouldExceedTheLimit) {
  const std::vector<ShardEntry> list = {entry("a", 4),  entry("b", 6),  entry("c", 1),
                                        entry("d", 30), entry("e", 10), entry("f", 0)};
  EXPECT_EQ(shards_of(assign_shards(list, 10)), (std::vector<int>{0, 0, 1, 2, 3, 3}));
  EXPECT_EQ(shards_of(assign_shards(list, 11)), (std::vector<int>{0, 0, 0, 1, 2, 2}));
  EXPECT_EQ(shards_of(assign_shards(list, 0)), (std::vector<int>{0, 0, 0, 0, 0, 0}))
      << "0 = no limit";
  EXPECT_EQ(shards_of(assign_shards(list, 1)), (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST(Shards, OneFileHasNoIndex) {
  const std::vector<ShardEntry> list = {entry("a", 4)};
  const ShardSet set = assign_shards(list, 100);
  ASSERT_EQ(set.layouts.size(), 1u);
  EXPECT_EQ(set.layouts[0].file_name, "model.safetensors");
  EXPECT_EQ(set.index_name, "");
  EXPECT_EQ(set.index_json, "");
}

TEST(Shards, BytesOfTheHeader) {
  const std::vector<ShardEntry> list = {entry("b", 2, DType::BF16), entry("a", 3, DType::BF16),
                                        entry("z", 1, DType::F32)};
  const ShardSet set = assign_shards(list, 0);
  // Widest first, then by name; padded with spaces to a multiple of 8.
  const std::string json =
      R"({"__metadata__":{"format":"pt"},"z":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("a":{"dtype":"BF16","shape":[3],"data_offsets":[4,10]},)"
      R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[10,14]}})";
  const std::string& header = set.layouts[0].header;
  EXPECT_EQ(header.size() % 8, 0u);
  EXPECT_EQ(header.substr(8, json.size()), json);
  EXPECT_EQ(header.find_first_not_of(' ', 8 + json.size()), std::string::npos);
  EXPECT_EQ(set.layouts[0].size, header.size() + 14);
  EXPECT_EQ(set.places[0].offset, header.size() + 10);
  EXPECT_EQ(set.places[1].offset, header.size() + 4);
  EXPECT_EQ(set.places[2].offset, header.size());
}

TEST(Shards, BytesOfTheIndex) {
  const std::vector<ShardEntry> list = {entry("w.b", 4), entry("w.a", 4), entry("\xc3\xa9", 4)};
  const ShardSet set = assign_shards(list, 4);
  ASSERT_EQ(set.layouts.size(), 3u);
  EXPECT_EQ(set.layouts[0].file_name, "model-00001-of-00003.safetensors");
  EXPECT_EQ(set.layouts[2].file_name, "model-00003-of-00003.safetensors");
  EXPECT_EQ(set.index_name, "model.safetensors.index.json");
  EXPECT_EQ(set.index_json, std::string("{\n"
                                        "  \"metadata\": {\n"
                                        "    \"mod_version\": \"") +
                                kVersion +
                                "\",\n"
                                "    \"total_size\": 12\n"
                                "  },\n"
                                "  \"weight_map\": {\n"
                                "    \"w.a\": \"model-00002-of-00003.safetensors\",\n"
                                "    \"w.b\": \"model-00001-of-00003.safetensors\",\n"
                                "    \"\\u00e9\": \"model-00003-of-00003.safetensors\"\n"
                                "  }\n"
                                "}\n");
}

TEST(Shards, NothingGivesOneEmptyFile) {
  const ShardSet set = assign_shards({}, 10);
  ASSERT_EQ(set.layouts.size(), 1u);
  EXPECT_EQ(set.layouts[0].size, set.layouts[0].header.size());
}

}  // namespace
}  // namespace mod::merge
