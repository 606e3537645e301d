// Choosing tokens: every link of the chain against values worked out by hand, and frequencies of
// draws against the probabilities that they were drawn from.
#include "mix/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "mix/support.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

Sampler sampler(const SamplingOptions& options) { return Sampler(options, test::test_context()); }

Token choose(const SamplingOptions& options, const std::vector<float>& scores) {
  return sampler(options).choose({scores, 0});
}

std::vector<float> logs(std::vector<double> probabilities) {
  std::vector<float> scores;
  for (const double p : probabilities) scores.push_back(static_cast<float>(std::log(p)));
  return scores;
}

/// How often each token comes in `n` draws.
std::vector<int> draws(SamplingOptions options, const std::vector<float>& scores, int n) {
  std::vector<int> counts(scores.size(), 0);
  Sampler s = sampler(options);
  for (int i = 0; i < n; ++i) ++counts[static_cast<std::size_t>(s.choose({scores, 0}))];
  return counts;
}

double chi_square(const std::vector<int>& counts, const std::vector<double>& p) {
  double n = 0, sum = 0;
  for (const int c : counts) n += c;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(counts[i], 0) << i;
      continue;
    }
    sum += (counts[i] - n * p[i]) * (counts[i] - n * p[i]) / (n * p[i]);
  }
  return sum;
}

TEST(Sampler, GreedyTakesTheLowestOfEquals) {
  EXPECT_EQ(choose({}, {1, 3, 2, 3}), 1);
  EXPECT_EQ(choose({}, {kMasked, kMasked, -7}), 2);
}

TEST(Sampler, PredictionsWithoutNumbersAreAnError) {
  EXPECT_THROW(choose({}, {kMasked, kMasked}), Error);
  EXPECT_THROW(choose({}, {NAN, NAN}), Error);
  SamplingOptions warm;
  warm.temperature = 1;
  EXPECT_THROW(choose(warm, {NAN, kMasked}), Error);
}

TEST(Sampler, DrawsAsOftenAsPredicted) {
  const std::vector<double> p = {0.5, 0.25, 0.125, 0.125};
  SamplingOptions options;
  options.temperature = 1;
  options.seed = 7;
  EXPECT_LT(chi_square(draws(options, logs(p), 40000), p), 16.3);  // 3 degrees, 0.1 %
}

TEST(Sampler, TemperatureRaisesProbabilitiesToAPower) {
  const std::vector<double> p = {0.5, 0.3, 0.2};
  SamplingOptions options;
  options.temperature = 0.5;
  std::vector<double> squared;
  for (const double x : p) squared.push_back(x * x / 0.38);
  EXPECT_LT(chi_square(draws(options, logs(p), 40000), squared), 13.8);
}

TEST(Sampler, TopKTopPAndMinPLeaveTheRestOut) {
  const std::vector<double> p = {0.1, 0.4, 0.2, 0.3};
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 2;
  EXPECT_LT(chi_square(draws(options, logs(p), 20000), {0, 4 / 7.0, 0, 3 / 7.0}), 10.8);
  options.top_k = 0;
  options.top_p = 0.65;  // 0.4 + 0.3 reach it
  EXPECT_LT(chi_square(draws(options, logs(p), 20000), {0, 4 / 7.0, 0, 3 / 7.0}), 10.8);
  options.top_p = 1;
  options.min_p = 0.45;  // of 0.4: 0.18
  EXPECT_LT(chi_square(draws(options, logs(p), 20000), {0, 4 / 9.0, 2 / 9.0, 3 / 9.0}), 13.8);
}

TEST(Sampler, TopPIsTakenOfWhatTopKLeft) {
  const std::vector<double> p = {0.4, 0.3, 0.2, 0.1};
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 2;
  options.top_p = 0.57;  // of 0.7: 0.4 has 0.571
  EXPECT_EQ(draws(options, logs(p), 500)[0], 500);
}

TEST(Sampler, TopPOverALargeVocabularyIsExact) {
  std::vector<double> p;
  double total = 0;
  for (int i = 0; i < 5000; ++i) p.push_back(1.0 / (1 + (i * 37) % 5000)), total += p.back();
  for (double& x : p) x /= total;
  SamplingOptions options;
  options.temperature = 1;
  options.top_p = 0.9;
  std::vector<double> sorted = p;
  std::sort(sorted.rbegin(), sorted.rend());
  double reached = 0;
  std::size_t kept = 0;
  while (reached < 0.9) reached += sorted[kept++];
  const double least = sorted[kept - 1];
  const std::vector<int> counts = draws(options, logs(p), 6000);
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] < least * 0.999) {
      EXPECT_EQ(counts[i], 0) << i;
    }
  }
  std::size_t seen = 0;
  for (const int c : counts) seen += c > 0;
  EXPECT_GT(seen, kept / 2);
}

TEST(Sampler, RepetitionPenaltyDividesAndMultiplies) {
  SamplingOptions options;
  options.repetition_penalty = 2;
  Sampler s = sampler(options);
  const std::vector<Token> prompt = {0};
  s.see_prompt(prompt);
  EXPECT_EQ(s.choose({std::vector<float>{3, 2, -1}, 0}), 1);      // 3 / 2 < 2
  EXPECT_EQ(s.choose({std::vector<float>{-1, -4, -1.5}, 0}), 2);  // -2 and -8 against -1.5
}

TEST(Sampler, FrequencyAndPresenceCountTheAnswerOnly) {
  SamplingOptions options;
  options.frequency_penalty = 0.5;
  options.presence_penalty = 0.25;
  Sampler s = sampler(options);
  const std::vector<Token> prompt = {0, 0, 0};
  s.see_prompt(prompt);
  const std::vector<float> scores = {1, 0.5};
  EXPECT_EQ(s.choose({scores, 0}), 0);  // the prompt does not count
  EXPECT_EQ(s.choose({scores, 0}), 1);  // 1 - 0.75 < 0.5
  EXPECT_EQ(s.choose({scores, 0}), 0);  // 0.25 against 0.5 - 0.75
}

TEST(Sampler, BiasAddsAndBans) {
  SamplingOptions options;
  options.logit_bias = {{0, -std::numeric_limits<double>::infinity()}, {2, 5}};
  EXPECT_EQ(choose(options, {10, 3, -1}), 2);
  options.temperature = 1;
  EXPECT_EQ(draws(options, {10, 0, 0}, 200)[0], 0);
}

TEST(Sampler, SeedsDecide) {
  SamplingOptions options;
  options.temperature = 1;
  const std::vector<float> scores(50, 0.f);
  const auto text = [&](std::uint64_t seed) {
    options.seed = seed;
    Sampler s = sampler(options);
    std::vector<Token> tokens;
    for (int i = 0; i < 20; ++i) tokens.push_back(s.choose({scores, 0}));
    return tokens;
  };
  EXPECT_EQ(text(1), text(1));
  EXPECT_NE(text(1), text(2));
  const auto one = text(3);
  EXPECT_GT(std::set<Token>(one.begin(), one.end()).size(), 8u);
}

TEST(CheckSampling, NamesTheValueAndItsRange) {
  const auto refused = [](auto change, const char* part) {
    SamplingOptions options;
    change(options);
    try {
      check_sampling(options, 10);
      ADD_FAILURE() << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  refused([](auto& o) { o.temperature = -1; }, "temperature -1");
  refused([](auto& o) { o.temperature = NAN; }, "temperature");
  refused([](auto& o) { o.top_p = 0; }, "top-p 0");
  refused([](auto& o) { o.top_p = 1.5; }, "top-p 1.5");
  refused([](auto& o) { o.min_p = 2; }, "min-p 2");
  refused([](auto& o) { o.top_k = -3; }, "top-k -3");
  refused([](auto& o) { o.repetition_penalty = 0; }, "repetition penalty 0");
  refused([](auto& o) { o.logit_bias[10] = 1; }, "token 10");
  refused([](auto& o) { o.logit_bias[1] = INFINITY; }, "logit bias");
  EXPECT_NO_THROW(check_sampling({}, 10));
}

}  // namespace
}  // namespace mod::mix
