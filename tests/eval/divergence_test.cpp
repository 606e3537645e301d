// The block of `mod perplexity --against`: its arithmetic against numpy, and models against
// themselves, against their logits and against a mixture that holds them.
#include "eval/divergence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "eval/perplexity.h"
#include "mix/gates/registry.h"
#include "mix/support.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using namespace mix::test;
using mix::Token;

const std::string kText =
    "Ben has 3 bags with 4 nuts each. What does this program print?\nt = 26\nfor i in range(3):\n"
    "    t = t + 4\nprint(t)\nHow do you say \"I find a heavy doctor\" in French?";

// numpy 2: np.cov(ddof=1) / n, np.quantile, x.std(ddof=1) / sqrt(n).
TEST(DivergenceNumbers, AgreeWithNumpy) {
  const TokenComparison tokens[] = {
      {1.888, 1.851, 0.4712, false}, {2.771, 2.06, 0.0145, true},   {2.833, 2.323, 0.0566, true},
      {0.777, 0.084, 0.2719, true},  {0.089, 0.156, 0.4582, false}, {0.521, 0.838, 0.3986, true},
      {1.871, 1.888, 0.4357, true},  {0.686, 0.703, 0.4912, false}, {0.903, 1.386, 0.3389, true}};
  const Divergence d = summarize(tokens);
  const auto expect = [](const Estimate& got, double value, double error) {
    EXPECT_NEAR(got.value, value, 1e-12);
    EXPECT_NEAR(got.error, error, 1e-12);
  };
  EXPECT_EQ(d.tokens, 9u);
  expect(d.ppl, 3.939288014497347, 1.3148873231627507);
  expect(d.base_ppl, 3.505500594772794, 0.979324644976648);
  EXPECT_NEAR(d.correlation, 0.9068843613691108, 1e-12);
  expect(d.log_ratio, 0.11666666666666692, 0.14257473673675697);
  expect(d.ratio, 1.1237447856581146, 0.1602176169745091);
  expect(d.difference, 0.4337874197245526, 0.5936435103809311);
  expect(d.kl, 0.3263111111111111, 0.05961179144273678);
  const Spread& kl = d.kl_spread;
  const double quantiles[] = {kl.maximum, kl.p999, kl.p99, kl.p95, kl.p90,    kl.median,
                              kl.p10,     kl.p5,   kl.p1,  kl.p01, kl.minimum};
  const double numpy[] = {0.4912,  0.49104, 0.4896,   0.4832,    0.4752, 0.3986,
                          0.04818, 0.03134, 0.017868, 0.0148368, 0.0145};
  for (std::size_t i = 0; i < std::size(numpy); ++i) EXPECT_NEAR(quantiles[i], numpy[i], 1e-12);
  expect(d.change, -0.02026126541817002, 0.060906546044547476);
  EXPECT_NEAR(d.change_spread.p75, 0.059286383203, 1e-12);
  EXPECT_NEAR(d.change_spread.p25, -0.039143126236, 1e-12);
  EXPECT_NEAR(d.change_spread.minimum, -0.459647961865, 1e-12);
  expect(d.rms_change, 0.1734571350073504, 0.06603188886484485);
  expect(d.same_top, 2.0 / 3, 1.0 / 6);
}

TEST(DivergenceNumbers, OneTokenIsTooFew) {
  const TokenComparison one[] = {{1, 1, 0, true}};
  EXPECT_THROW(summarize(one), Error);
}

mix::Prediction prediction(const std::vector<float>& scores) {
  mix::Prediction out;
  out.scores = scores;
  double sum = 0;
  for (const float s : scores) sum += std::exp(static_cast<double>(s));
  out.log_total = std::log(sum);
  return out;
}

TEST(CompareDistributions, OverWhatBothKnow) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  // p = (.5, .25, masked, .25), q = (.2, .2, .2, .4) and a padded row: over ids 0, 1 and 3.
  const std::vector<float> p = {std::log(.5f), std::log(.25f), kMasked, std::log(.25f)};
  const std::vector<float> q = {std::log(.1f), std::log(.1f), std::log(.1f), std::log(.2f),
                                std::log(.5f)};
  const double by_hand =
      .25 * std::log(.25 / .5) + .25 * std::log(.25 / .25) + .5 * std::log(.5 / .25);
  const TokenComparison got = compare(prediction(p), prediction(q), 3);
  EXPECT_NEAR(got.kl, by_hand, 1e-6);
  EXPECT_NEAR(got.nll, std::log(4), 1e-6);
  EXPECT_NEAR(got.base_nll, std::log(5), 1e-6);
  EXPECT_FALSE(got.same_top);
  EXPECT_THROW(compare(prediction(p), prediction(q), 2), Error);  // masked
  EXPECT_THROW(compare(prediction(p), prediction(q), 4), Error);  // only the base has it
}

class Divergences : public ::testing::Test {
 protected:
  Divergences() : ids_(text::Tokenizer::load(specialist_path("base")).encode(kText, false)) {
    options_.window = 40;
    options_.begin = 0;
  }

  std::vector<Token> ids_;
  PerplexityOptions options_;
};

TEST_F(Divergences, AModelIsEqualToItself) {
  mix::Engine a(mix::test::single("math"), test_context()),
      b(mix::test::single("math"), test_context());
  const Divergence d = measure_divergence(a, b, ids_, options_);
  EXPECT_EQ(d.tokens, ids_.size());
  EXPECT_EQ(d.ratio.value, 1);
  EXPECT_LT(d.kl_spread.maximum, 1e-6);  // log_total is of fp32
  EXPECT_EQ(d.change_spread.maximum, 0);
  EXPECT_EQ(d.same_top.value, 1);
}

TEST_F(Divergences, PerplexitiesAreThoseOfEachAlone) {
  mix::Engine a(mix::test::single("math"), test_context()),
      b(mix::test::single("base"), test_context());
  double sum = 0;
  std::size_t windows = 0;
  const Divergence d = measure_divergence(a, b, ids_, options_, [&](auto tokens) {
    ++windows;
    for (const TokenComparison& token : tokens) sum += token.kl;
  });
  EXPECT_NEAR(d.ppl.value, measure_perplexity(a, ids_, options_).ppl, 1e-6);
  EXPECT_NEAR(d.base_ppl.value, measure_perplexity(b, ids_, options_).ppl, 1e-6);
  EXPECT_EQ(windows, (ids_.size() + 39) / 40);
  EXPECT_NEAR(d.kl.value, sum / static_cast<double>(d.tokens), 1e-12);
  EXPECT_GT(d.kl.value, 0.01);
}

// -ln p_mix <= -ln p_k + ln(1 / w_k) at every token (spec of linear mixtures), and so KL(p_k || p).
TEST_F(Divergences, ALinearMixtureIsWithinItsBound) {
  mix::Mixture mixture = mix::test::single("math");
  mixture.experts.push_back(mix::test::single("code").experts.front());
  mixture.weights = {0.25, 0.75};
  mix::Engine mixed(mixture, test_context()), math(mix::test::single("math"), test_context());
  const Divergence d = measure_divergence(mixed, math, ids_, options_);
  EXPECT_LE(d.kl_spread.maximum, std::log(4) + 1e-6);
  EXPECT_GT(d.kl.value, 0);
}

// A few tokens at a time, so that little is kept: the gate must hear the same.
TEST_F(Divergences, DoNotDependOnHowMuchIsKept) {
  mix::Mixture mixture = mix::test::single("math");
  mixture.experts.push_back(mix::test::single("code").experts.front());
  mixture.gate = mix::find_gate("share");
  mixture.gate_parameters = {0.01, 1};
  mixture.weights = {0.5, 0.5};
  mix::Engine mixed(mixture, test_context()), math(mix::test::single("math"), test_context());
  const Divergence whole = measure_divergence(mixed, math, ids_, options_);
  const Divergence single = measure_divergence(mixed, math, ids_, options_, {}, 1);
  EXPECT_EQ(single.tokens, whole.tokens);
  EXPECT_NEAR(single.kl.value, whole.kl.value, 1e-6);
  EXPECT_NEAR(single.ppl.value, whole.ppl.value, 1e-6);
}

}  // namespace
}  // namespace mod::eval
