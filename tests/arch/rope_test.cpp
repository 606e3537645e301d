#include "arch/rope.h"

#include <gtest/gtest.h>

namespace mod::arch {
namespace {

auto settings(const char* json) { return rope_settings(Json::parse(json)); }

TEST(Rope, OldAndNewSpellingsAreEqual) {
  EXPECT_EQ(settings(R"({"rope_theta": 1000000})"),
            settings(R"({"rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}})"));
  EXPECT_EQ(
      settings(R"({"rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 4}})"),
      settings(
          R"({"rope_parameters": {"rope_theta": 10000, "rope_type": "linear", "factor": 4.0}})"));
  EXPECT_EQ(settings(R"({"rope_theta": 10000.0, "rope_scaling": null})"), settings("{}"));
  EXPECT_EQ(
      settings(R"({"partial_rotary_factor": 0.5})"),
      settings(R"({"rope_parameters": {"rope_theta": 10000.0, "partial_rotary_factor": 0.5}})"));
}

TEST(Rope, GemmasTwoThetasAreEqualInBothSpellings) {
  EXPECT_EQ(settings(R"({"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0})"),
            settings(R"({"rope_parameters": {
                "full_attention": {"rope_theta": 1000000.0, "rope_type": "default"},
                "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"}}})"));
}

TEST(Rope, DifferencesAreSeen) {
  EXPECT_NE(settings(R"({"rope_theta": 10000})"), settings(R"({"rope_theta": 1000000})"));
  EXPECT_NE(settings(R"({"rope_scaling": {"type": "linear", "factor": 2}})"),
            settings(R"({"rope_scaling": {"type": "linear", "factor": 4}})"));
  EXPECT_NE(settings(R"({"rope_scaling": {"type": "linear", "factor": 2}})"), settings("{}"));
}

TEST(Rope, TextConfigsAreRead) {
  EXPECT_EQ(settings(R"({"text_config": {"rope_theta": 5.0}})"),
            settings(R"({"rope_theta": 5.0})"));
}

TEST(Rope, TextNamesTheSettings) {
  EXPECT_EQ(rope_text(settings(R"({"rope_scaling": {"type": "linear", "factor": 4}})")),
            "factor 4.0, rope_theta 10000.0, rope_type linear");
}

}  // namespace
}  // namespace mod::arch
