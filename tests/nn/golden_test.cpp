// Every architecture against logits and greedy tokens of transformers in float32.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nn/golden_support.h"
#include "weights/folder_source.h"

namespace mod::nn {
namespace {

using namespace testing;

constexpr double kAcceptance = 2e-4;

/// A golden file: tensors ids, logits and greedy, with this suffix.
void expect_golden(const std::string& folder, const std::string& suffix,
                   const std::shared_ptr<const Model>& model) {
  const auto file = tiny_path(folder) / "golden.safetensors";
  const auto ids = read_tensor<Token>(file, "ids" + suffix);
  const auto expected = read_tensor<float>(file, "logits" + suffix);
  const auto tokens = read_tensor<Token>(file, "greedy" + suffix);
  Runner runner(test_context());
  Session session(model);
  const double difference = relative_difference(all_logits(runner, session, ids), expected);
  EXPECT_LE(difference, kAcceptance);
  std::printf("%-24s largest relative logit difference %.2e\n", (folder + suffix).c_str(),
              difference);
  session.truncate(0);
  EXPECT_EQ(greedy(runner, session, ids, tokens.size()), tokens);
}

class TinyGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(TinyGolden, LogitsAndGreedyTokens) { expect_golden(GetParam(), "", open_tiny(GetParam())); }

INSTANTIATE_TEST_SUITE_P(All, TinyGolden,
                         ::testing::Values("llama", "llama-linear", "llama-rope3", "llama-biases",
                                           "mistral-window", "mistral-nemo", "qwen2", "qwen2-yarn",
                                           "qwen2-window", "qwen3", "mixtral", "qwen2-moe",
                                           "qwen3-moe", "qwen3-moe-dense", "phi3", "phi3-longrope",
                                           "gemma2", "gemma3", "gemma3-mixed", "gemma3-linear",
                                           "olmo2", "granite"),
                         [](const auto& tiny) {
                           std::string name = tiny.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

// Beyond the original context all positions have other frequencies.
TEST(LongRope, ALargerContextTakesTheLongFactors) {
  EXPECT_EQ(open_tiny("phi3-longrope")->context(), 32u);
  ModelOptions options;
  options.context = 128;
  expect_golden("phi3-longrope", "_long", open_tiny("phi3-longrope", options));
}

/// Gemma 2 with or without the soft cap of attention scores.
std::shared_ptr<const Model> open_gemma2(bool capped) {
  Problems problems;
  const auto folder = checkpoint::open_model(tiny_path("gemma2"), problems);
  const arch::Architecture& architecture = *arch::find_architecture("Gemma2ForCausalLM", "gemma2");
  arch::RunSpec spec = arch::make_run_spec(architecture, folder.config, "config.json");
  EXPECT_EQ(spec.attention_cap, 50);
  ModelOptions options;
  options.cap_scores = capped;
  weights::TensorStore store;
  return Model::load(architecture, spec,
                     std::make_shared<weights::FolderSource>(folder, architecture, problems), store,
                     options, test_context());
}

// transformers' default attention leaves the soft cap of scores out, and so does the golden file
// that was made with it; "golden-capped" was made with its attention that is written out ("eager").
TEST(Gemma2, MatchesTransformersWithAndWithoutTheSoftCapOfScores) {
  expect_golden("gemma2", "", open_gemma2(false));
  const auto golden = tiny_path("gemma2") / "golden.safetensors";
  const auto ids = read_tensor<Token>(golden, "ids");
  const auto plain = read_tensor<float>(golden, "logits");
  const auto capped =
      read_tensor<float>(tiny_path("gemma2") / "golden-capped.safetensors", "logits");
  EXPECT_GT(relative_difference(plain, capped), 1e-3);
  Runner runner(test_context());
  Session session(open_gemma2(true));
  EXPECT_LE(relative_difference(all_logits(runner, session, ids), capped), kAcceptance);
  session.truncate(0);
  EXPECT_EQ(greedy(runner, session, ids, 16), read_tensor<Token>(golden, "greedy"));
}

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
