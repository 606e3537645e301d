// Against values from closed formulas and scipy 1.x (binomtest, proportion_confint).
#include "eval/stats/stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "eval/grade/score.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

TEST(Stats, AccuracyErrorIsTheSpreadOfZerosAndOnes) {
  EXPECT_NEAR(accuracy_error(100, 200), 0.0354440, 1e-7);
  EXPECT_NEAR(accuracy_error(500, 1000), 0.0158193, 1e-7);
  EXPECT_EQ(accuracy_error(1, 1), 0);
  const std::vector<double> items = {1, 0, 0, 1, 1};
  EXPECT_NEAR(accuracy_error(3, 5), mean_error(items), 1e-15);
}

TEST(Stats, WilsonIntervalAtTheEnds) {
  EXPECT_NEAR(wilson_interval(0, 10).high, 0.2775328, 1e-7);
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
  EXPECT_NEAR(wilson_interval(10, 10).low, 1 - 0.2775328, 1e-7);
  EXPECT_NEAR(wilson_interval(5, 10).low, 0.2365931, 1e-7);
  EXPECT_EQ(wilson_interval(0, 0).high, 1);
}

TEST(Stats, McNemarIsTheExactBinomialTest) {
  EXPECT_EQ(mcnemar_p(0, 0), 1);
  EXPECT_EQ(mcnemar_p(7, 7), 1);
  EXPECT_NEAR(mcnemar_p(0, 5), 0.0625, 1e-12);
  EXPECT_NEAR(mcnemar_p(1, 9), 0.021484375, 1e-12);
  EXPECT_EQ(mcnemar_p(3, 11), mcnemar_p(11, 3));
  EXPECT_NEAR(mcnemar_p(4, 5), 1, 1e-12);
  EXPECT_GE(mcnemar_p(0, 100000), 0);
  EXPECT_LT(mcnemar_p(0, 100000), 1e-300);
}

TEST(Stats, BootstrapReplaysAndFindsADifference) {
  std::vector<double> a(200), b(200);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = i % 10 < 8;
    b[i] = i % 10 < 5;
  }
  const Bootstrap first = paired_bootstrap(a, b, 7), again = paired_bootstrap(a, b, 7);
  EXPECT_NEAR(first.difference, 0.3, 1e-12);
  EXPECT_LT(first.interval.low, 0.3);
  EXPECT_GT(first.interval.high, 0.3);
  // The normal interval is 0.3 +- 1.96 * 0.0325.
  EXPECT_NEAR(first.interval.low, 0.2363, 0.01);
  EXPECT_EQ(first.interval.low, again.interval.low);
  EXPECT_EQ(first.p, 0);
  EXPECT_EQ(paired_bootstrap(a, a, 7).p, 1);
  EXPECT_THROW(paired_bootstrap(a, {}, 7), Error);
}

TEST(Stats, PerplexityWithItsError) {
  const std::vector<double> nll = {1, 2, 3};
  EXPECT_NEAR(perplexity(nll).value, std::exp(2), 1e-12);
  EXPECT_NEAR(perplexity(nll).error, std::exp(2) * std::sqrt((14.0 / 3 - 4) / 2), 1e-12);
  EXPECT_THROW(perplexity({}), Error);
}

TEST(Score, MajorityAndPassAtK) {
  const std::vector<std::string> answers = {"3", "4", "4", "3", "5"};
  EXPECT_EQ(majority(answers, 5), 0u);
  EXPECT_EQ(majority(answers, 3), 1u);
  EXPECT_EQ(majority(answers, 1), 0u);
  EXPECT_THROW(majority({}, 1), Error);
  EXPECT_NEAR(pass_at_k(10, 3, 1), 0.3, 1e-12);
  EXPECT_NEAR(pass_at_k(10, 3, 5), 1 - 21.0 / 252, 1e-12);
  EXPECT_EQ(pass_at_k(10, 0, 5), 0);
  EXPECT_EQ(pass_at_k(10, 6, 5), 1);
  EXPECT_THROW(pass_at_k(3, 4, 1), Error);
}

}  // namespace
}  // namespace mod::eval
