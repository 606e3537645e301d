// Every architecture against logits and greedy tokens of transformers in float32.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nn/golden_support.h"

namespace mod::nn {
namespace {

using namespace testing;

constexpr double kAcceptance = 2e-4;

class TinyGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyGolden, LogitsAndGreedyTokens) {
  const auto golden = tiny_path(GetParam()) / "golden.safetensors";
  const auto ids = read_tensor<Token>(golden, "ids");
  const auto expected = read_tensor<float>(golden, "logits");
  const auto tokens = read_tensor<Token>(golden, "greedy");
  const auto model = open_tiny(GetParam());
  Runner runner(test_context());
  Session session(model);
  const double difference = relative_difference(all_logits(runner, session, ids), expected);
  EXPECT_LE(difference, kAcceptance);
  RecordProperty("relative_difference", std::to_string(difference));
  std::printf("%-16s largest relative logit difference %.2e\n", GetParam(), difference);
  session.truncate(0);
  EXPECT_EQ(greedy(runner, session, ids, tokens.size()), tokens);
}

INSTANTIATE_TEST_SUITE_P(All, TinyGolden,
                         ::testing::Values("llama", "llama-linear", "llama-rope3", "mistral-window",
                                           "mistral-nemo", "qwen2", "qwen2-yarn", "qwen2-window",
                                           "qwen3", "mixtral", "qwen2-moe", "qwen3-moe", "phi3",
                                           "gemma2", "gemma3", "gemma3-mixed", "olmo2", "granite"),
                         [](const auto& tiny) {
                           std::string name = tiny.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

class Specialists : public ::testing::TestWithParam<const char*> {};

TEST_P(Specialists, PromptsAndGreedyAnswers) {
  const std::filesystem::path folder =
      std::filesystem::path(MOD_SOURCE_DIR) / "examples/specialists";
  std::ifstream stream(folder / "golden.json");
  const auto model = open_model(folder / GetParam());
  Runner runner(test_context());
  std::size_t seen = 0;
  for (const auto& item : nlohmann::json::parse(stream)) {
    if (item["model"] != GetParam()) continue;
    ++seen;
    const std::string key = std::string(GetParam()) + "." + item["task"].get<std::string>() + ".";
    const auto prompt = item["prompt_ids"].get<std::vector<Token>>();
    const auto answer = item["greedy_ids"].get<std::vector<Token>>();
    Session session(model);
    const std::vector<float> logits = all_logits(runner, session, prompt);
    const auto last = std::span(logits).last(model->vocabulary());
    const auto golden = folder / "golden.safetensors";
    EXPECT_LE(relative_difference(last, read_tensor<float>(golden, key + "logits_last")),
              kAcceptance);
    const auto expected = read_tensor<float>(golden, key + "logprob");
    ASSERT_EQ(expected.size() + 1, prompt.size());
    const auto& kernels = cpu::nn_kernels(cpu::choose_isa()).vector;
    for (std::size_t t = 0; t + 1 < prompt.size(); ++t) {
      const float* row = logits.data() + t * model->vocabulary();
      const float got = row[prompt[t + 1]] - kernels.log_sum_exp(row, model->vocabulary());
      EXPECT_NEAR(got, expected[t], 2e-4 * std::max(1.0f, std::fabs(expected[t]))) << key << t;
    }
    session.truncate(0);
    EXPECT_EQ(greedy(runner, session, prompt, answer.size()), answer) << key;
  }
  EXPECT_EQ(seen, 3u);
}

INSTANTIATE_TEST_SUITE_P(All, Specialists, ::testing::Values("base", "math", "code", "french"),
                         [](const auto& model) { return std::string(model.param); });

}  // namespace
}  // namespace mod::nn
