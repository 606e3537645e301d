#include "bundle/generation_settings.h"

#include "bundle/support.h"

namespace mod::bundle::testing {
namespace {

using Ids = std::vector<std::int32_t>;

class Settings : public ::testing::Test {
 protected:
  GenerationSettings read(const std::string& generation, const std::string& config = "{}") {
    if (!generation.empty()) write_text(folder_ / "generation_config.json", generation);
    return read_generation_settings(folder_.path(), nlohmann::ordered_json::parse(config),
                                    "config.json");
  }

  TempFolder folder_;
};

TEST_F(Settings, ReadsEveryValue) {
  const GenerationSettings settings = read(
      R"({"do_sample": true, "temperature": 0.6, "top_p": 0.95, "min_p": 0.05, "top_k": 20,
          "repetition_penalty": 1.1, "eos_token_id": [9, 3, 9], "max_length": 7})");
  EXPECT_TRUE(settings.do_sample);
  EXPECT_EQ(settings.temperature, 0.6);
  EXPECT_EQ(settings.top_p, 0.95);
  EXPECT_EQ(settings.min_p, 0.05);
  EXPECT_EQ(settings.top_k, 20);
  EXPECT_EQ(settings.repetition_penalty, 1.1);
  EXPECT_EQ(settings.end_tokens, (Ids{3, 9}));
}

TEST_F(Settings, AbsentAndNullAreNothing) {
  EXPECT_EQ(read(""), GenerationSettings());
  EXPECT_EQ(read(R"({"do_sample": null, "temperature": null, "top_k": null,
                     "eos_token_id": null})"),
            GenerationSettings());
}

TEST_F(Settings, EndTokensOfTheConfigStandIn) {
  EXPECT_EQ(read("", R"({"eos_token_id": 5})").end_tokens, Ids{5});
  EXPECT_EQ(read("{}", R"({"eos_token_id": [7, 6]})").end_tokens, (Ids{6, 7}));
  EXPECT_EQ(read("{}", R"({"text_config": {"eos_token_id": 4}})").end_tokens, Ids{4});
  EXPECT_EQ(read(R"({"eos_token_id": 1})", R"({"eos_token_id": 5})").end_tokens, Ids{1});
  EXPECT_EQ(read(R"({"eos_token_id": -1})", "{}").end_tokens, Ids{});
}

TEST_F(Settings, WholeFloatsAreIntegers) { EXPECT_EQ(read(R"({"top_k": 50.0})").top_k, 50); }

TEST_F(Settings, WrongTypesAreNamedWithTheirPlace) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"do_sample", "1"},
                                                        {"temperature", "\"warm\""},
                                                        {"temperature", "1e999"},
                                                        {"top_k", "2.5"},
                                                        {"top_k", "1e300"},
                                                        {"eos_token_id", "\"</s>\""},
                                                        {"eos_token_id", "[1, null]"},
                                                        {"eos_token_id", "2.5"},
                                                        {"eos_token_id", "4294967296"}}) {
    SCOPED_TRACE(key + ": " + value);
    const Error error = error_of([&] { read("{\"" + key + "\": " + value + "}"); });
    EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
    EXPECT_TRUE(says(error, "generation_config.json"));
    // JSON itself refuses the number that is too large.
    EXPECT_TRUE(value == "1e999" || says(error, "`" + key + "`"));
  }
  EXPECT_TRUE(says(error_of([&] { read("[]"); }), "not a JSON object"));
  EXPECT_TRUE(says(error_of([&] { read("{"); }), "generation_config.json"));
  EXPECT_TRUE(says(error_of([&] { read("{}", R"({"eos_token_id": "x"})"); }), "config.json"));
}

}  // namespace
}  // namespace mod::bundle::testing
