// Whole answers of real models.
#include "mix/generation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "mix/support.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

using namespace test;

const std::string kQuestion =
    "<|im_start|>user\nBen has 3 bags with 4 nuts each. How many nuts does Ben have?<|im_end|>\n"
    "<|im_start|>assistant\n";

class Answers : public ::testing::Test {
 protected:
  Answers() : tokenizer_(text::Tokenizer::load(specialist_path("math"))) {}

  Generation answer(Engine& engine, const GenerationOptions& options,
                    const std::string& prompt = kQuestion) {
    Generation generation(engine, engine.start(), text_prompt(tokenizer_.encode(prompt, true)),
                          options, &tokenizer_);
    run_to_end(engine, generation, {});
    return generation;
  }

  text::Tokenizer tokenizer_;
};

TEST_F(Answers, GreedyAnswersAreThoseOfTransformers) {
  std::ifstream stream(specialist_path("golden.json"));
  std::size_t seen = 0;
  for (const auto& item : nlohmann::json::parse(stream)) {
    Engine engine(single(item["model"].get<std::string>()), test_context());
    GenerationOptions options;
    options.max_tokens = 108;
    options.end_tokens = {0, 2};
    const Generation got = answer(engine, options, item["prompt"].get<std::string>());
    EXPECT_EQ(ids_of(got), item["greedy_ids"].get<std::vector<Token>>());
    EXPECT_EQ(got.text(), item["greedy_text"].get<std::string>());
    EXPECT_EQ(got.finish(), Finish::kEnd);
    std::string joined;
    for (const WrittenToken& token : got.tokens()) joined += token.text;
    EXPECT_EQ(joined, got.text());
    ++seen;
  }
  EXPECT_EQ(seen, 12u);
}

TEST_F(Answers, LogprobsAreThoseOfAScoredText) {
  Engine engine(single("math"), test_context());
  GenerationOptions options;
  options.max_tokens = 10;
  const Generation got = answer(engine, options);
  std::vector<Token> all = tokenizer_.encode(kQuestion, true);
  const std::size_t prompt = all.size();
  for (const Token id : ids_of(got)) all.push_back(id);
  Stream stream = engine.start();
  std::vector<double> logprobs;
  engine.score(stream, all, [&](std::size_t position, const Prediction& prediction) {
    if (position + 1 < all.size()) logprobs.push_back(prediction.logprob(all[position + 1]));
  });
  ASSERT_EQ(got.tokens().size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(got.tokens()[i].logprob, logprobs[prompt - 1 + i], 1e-5);
    EXPECT_LE(got.tokens()[i].logprob, 0);
  }
}

TEST_F(Answers, SameSeedSameTextForAnyThreads) {
  GenerationOptions options;
  options.sampling.temperature = 1.3;
  options.sampling.top_p = 0.95;
  options.sampling.seed = 11;
  options.max_tokens = 60;
  std::vector<Token> first;
  for (int threads = 1; threads <= 4; ++threads) {
    Engine engine(single("base"), test_context(threads));
    const std::vector<Token> ids = ids_of(answer(engine, options));
    if (threads == 1) first = ids;
    EXPECT_EQ(ids, first) << threads;
  }
  Engine engine(single("base"), test_context());
  options.sampling.seed = 12;
  EXPECT_NE(ids_of(answer(engine, options)), first);
}

TEST_F(Answers, EndWhereTheyAreToldTo) {
  Engine engine(single("math"), test_context());
  GenerationOptions options;
  options.max_tokens = 5;
  EXPECT_EQ(answer(engine, options).finish(), Finish::kLength);
  options.max_tokens = 0;
  EXPECT_EQ(answer(engine, options).tokens().size(), 0u);
  options.max_tokens = 100;
  options.stops = {"\\box"};
  const Generation stopped = answer(engine, options);
  EXPECT_EQ(stopped.finish(), Finish::kStop);
  EXPECT_EQ(stopped.text().find('\\'), std::string::npos);
  EXPECT_EQ(finish_reason(Finish::kStop), "stop");
}

TEST_F(Answers, AFullContextEndsThem) {
  EngineOptions small;
  small.session.context = 48;
  Engine engine(single("math"), test_context(), small);
  const std::vector<Token> prompt = tokenizer_.encode(kQuestion, true);
  ASSERT_LT(prompt.size(), 48u);
  const Generation got = answer(engine, {});
  EXPECT_EQ(got.finish(), Finish::kContext);
  EXPECT_EQ(got.tokens().size(), 48 - prompt.size() + 1);
  EXPECT_THROW(answer(engine, {}, std::string(400, 'x') + " y z"), Error);
}

TEST_F(Answers, StopWhenTheContextSaysSo) {
  std::atomic<bool> stop{false};
  Context context = test_context();
  context.cancelled = &stop;
  Engine engine(single("math"), context);
  Generation generation(engine, engine.start(), text_prompt(tokenizer_.encode(kQuestion, true)), {},
                        &tokenizer_);
  std::size_t pieces = 0;
  run_to_end(engine, generation, [&](const std::string&) { stop = ++pieces == 3; });
  EXPECT_EQ(generation.finish(), Finish::kCancelled);
  EXPECT_EQ(generation.tokens().size(), 3u);
}

// Many answers side by side are the answers that each would be alone.
TEST_F(Answers, SideBySideAreTheSame) {
  Engine engine(single("base"), test_context());
  std::vector<Generation> together;
  std::vector<std::vector<Token>> alone;
  GenerationOptions options;
  options.max_tokens = 30;
  options.end_tokens = {0, 2};
  for (const char* question : {"What is 3 + 4?", "How do you say \"I find a cat\" in French?",
                               "Zoe has 5 apples and gives 2 to Ben. How many are left?"}) {
    const std::string prompt =
        std::string("<|im_start|>user\n") + question + "<|im_end|>\n<|im_start|>assistant\n";
    alone.push_back(ids_of(answer(engine, options, prompt)));
    together.emplace_back(engine, engine.start(), text_prompt(tokenizer_.encode(prompt, true)),
                          options, &tokenizer_);
  }
  for (;;) {
    std::vector<Step> steps;
    std::vector<Generation*> going;
    for (Generation& generation : together) {
      if (generation.done()) continue;
      steps.push_back(generation.next());
      going.push_back(&generation);
    }
    if (steps.empty()) break;
    engine.advance(steps);
    for (Generation* generation : going) generation->choose();
  }
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(ids_of(together[i]), alone[i]) << i;
}

TEST(EngineText, WithoutATokenizerThereAreIdsOnly) {
  Engine engine(single("base"), test_context());
  Generation generation(engine, engine.start(), text_prompt({1, 87, 85}), {.max_tokens = 4},
                        nullptr);
  run_to_end(engine, generation, {});
  EXPECT_EQ(generation.tokens().size(), 4u);
  EXPECT_EQ(generation.text(), "");
}

}  // namespace
}  // namespace mod::mix
