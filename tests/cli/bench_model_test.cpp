// `mod bench decode` and `mod bench prefill` run and give finite, positive numbers.
#include <cmath>
#include <filesystem>

#include "cli/support.h"

namespace mod::testing {
namespace {

std::string tiny(const char* name) {
  return std::string(MOD_SOURCE_DIR) + "/tests/data/tiny/" + name;
}

void expect_positive(const nlohmann::json& json, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    ASSERT_TRUE(json.contains(key)) << key;
    ASSERT_TRUE(json[key].is_number()) << key;  // infinities are printed as null
    EXPECT_GT(json[key].get<double>(), 0) << key;
  }
}

TEST(BenchDecode, GivesARowForEachBatch) {
  for (const char* name : {"qwen2", "qwen3-moe", "gemma3"}) {
    const auto json = run_json({"bench", "decode", tiny(name), "--tokens", "3", "--batch", "1,2,4",
                                "--context", "5", "--kv", "bf16"});
    expect_positive(json, {"threads", "bytes_per_token", "read_gb_per_second", "peak_gflops"});
    EXPECT_EQ(json["kv"], "bf16");
    ASSERT_EQ(json["rows"].size(), 3u) << name;
    for (std::size_t i = 0; i < 3; ++i) {
      expect_positive(json["rows"][i],
                      {"ms_per_step", "tokens_per_second", "gb_per_second", "share_of_read",
                       "gflops", "share_of_peak", "cost_of_first"});
      EXPECT_EQ(json["rows"][i]["batch"], 1u << i);
    }
    EXPECT_EQ(json["rows"][0]["cost_of_first"], 1.0);
  }
}

TEST(BenchPrefill, GivesItsNumbers) {
  for (const char* name : {"llama", "mixtral", "mistral-window"}) {
    const auto json = run_json({"bench", "prefill", tiny(name), "--tokens", "20", "--runs", "2"});
    expect_positive(json, {"seconds", "tokens_per_second", "gflops", "peak_gflops", "share_of_peak",
                           "first_token_seconds"});
    EXPECT_EQ(json["tokens"], 20);
    EXPECT_LT(json["first_token_seconds"].get<double>(), 3600);  // since this process began
  }
}

TEST(BenchModels, WrongOptionsAreRefused) {
  expect_refused({"bench", "decode", tiny("qwen2"), "--kv", "int8"}, {"--kv", "'int8'"});
  expect_refused({"bench", "prefill", tiny("qwen2"), "--tokens", "1000000"}, {"context"});
  expect_refused({"bench", "decode", tiny("qwen2"), "--batch", "0"}, {"--batch"});
}

}  // namespace
}  // namespace mod::testing
