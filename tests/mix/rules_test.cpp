// Identities of the rules.
#include <gtest/gtest.h>

#include "mod/error.h"
#include "rule_support.h"

namespace mod::mix::testing {
namespace {

constexpr std::size_t kN = 5000;
const Row kA = random_row(kN, 1), kB = random_row(kN, 2), kC = random_row(kN, 3);

TEST(Rules, CopiesOfOneModelEqualIt) {
  EXPECT_EQ(mixed("linear", {kA, kA, kA}, logs({0.2, 0.7, 0.1})), kA);
  EXPECT_LT(distance(mixed("log_linear", {kA, kA, kA}, {0.2, 0.7, 0.1}), kA), 2e-6);
  for (const double rho : {0.0, 0.001, 0.5, -3.0, 900.0, HUGE_VAL, -HUGE_VAL}) {
    EXPECT_LT(distance(mixed("power", {kA, kA}, logs({0.4, 0.6}), {rho}), kA), 2e-6) << rho;
  }
  EXPECT_LT(distance(mixed("proxy", {kA, kA, kA}, {}), kA), 2e-6);
}

TEST(Rules, WeightOneIsTheExpertBitByBit) {
  for (const char* rule : {"linear", "power"}) {
    EXPECT_EQ(mixed(rule, {kA, kB}, {0, -INFINITY}), kA);
    EXPECT_EQ(mixed(rule, {kA, kB}, {-INFINITY, -3}), kB) << "any offset of the log-weights";
  }
  EXPECT_EQ(mixed("log_linear", {kA, kB}, {1, 0}), kA);
  for (const double rho : {0.0, HUGE_VAL, -HUGE_VAL, 0.001}) {
    EXPECT_EQ(mixed("power", {kA, kB}, {0, -INFINITY}, {rho}), kA);
  }
  // What is dropped is not read.
  EXPECT_EQ(mixed("linear", {kA, Row(kN, NAN)}, {0, -INFINITY}), kA);
}

TEST(Rules, SignedSpecialCases) {
  EXPECT_EQ(mixed("contrastive", {kA, kB}, {}, {0, 0}), kA) << "alpha 0, beta 0: the expert";
  EXPECT_EQ(mixed("proxy", {kA, kB, kC}, {}, {0}), kA) << "alpha 0: the base";
  const double gamma = 1, alpha = 0;
  EXPECT_EQ(mixed("log_linear", {kA, kB}, {gamma, 1 - gamma}), kA) << "CFG";
  EXPECT_EQ(mixed("log_linear", {kA, kB}, {1 + alpha, -alpha}), kA) << "CAD";
  const Row greedy = mixed("contrastive", {kA, kB}, {}, {0.1, 0});
  EXPECT_EQ(best_token(greedy, {}), best_token(kA, {}));
  EXPECT_LT(distance(mixed("proxy", {kA, kB, kC}, {}, {0.7}),
                     mixed("log_linear", {kA, kB, kC}, {1, 0.7, -0.7})),
            1e-9);
}

TEST(Rules, EveryResultSumsToOne) {
  EXPECT_NEAR(total(mixed("linear", {kA, kB, kC}, logs({0.2, 0.5, 0.3}))), 1, 2e-6);
  EXPECT_NEAR(total(mixed("linear", {kA, kB}, {-1000, -1001})), 1, 2e-6);
  EXPECT_NEAR(total(mixed("log_linear", {kA, kB, kC}, {0.9, 1.3, -0.4})), 1, 2e-6);
  EXPECT_NEAR(total(mixed("contrastive", {kA, kB}, {})), 1, 2e-6);
  EXPECT_NEAR(total(mixed("proxy", {kA, kB, kC}, {})), 1, 2e-6);
  for (const double rho : {-HUGE_VAL, -900.0, -1.0, 0.0, 0.01, 0.5, 2.0, 900.0, HUGE_VAL}) {
    EXPECT_NEAR(total(mixed("power", {kA, kB}, logs({0.4, 0.6}), {rho})), 1, 2e-6) << rho;
  }
}

// Values of a computation in numpy (fp64).
TEST(Rules, GoldenValues) {
  const Row p = row_of({0.5, 0.3, 0.15, 0.05}), q = row_of({0.1, 0.2, 0.3, 0.4});
  const auto expect = [](const Row& row, std::initializer_list<double> values) {
    std::size_t i = 0;
    for (const double value : values) EXPECT_NEAR(std::exp(row[i++]), value, 3e-7);
  };
  expect(mixed("linear", {p, q}, logs({0.7, 0.3})), {0.38, 0.27, 0.195, 0.155});
  expect(mixed("log_linear", {p, q}, {0.8, -0.5}),
         {0.5651291268, 0.2655545176, 0.1245328903, 0.0447834653});
  expect(mixed("power", {p, q}, logs({0.7, 0.3}), {0.5}),
         {0.3760079717, 0.2895089876, 0.2049047381, 0.1295783026});
  expect(mixed("power", {p, q}, logs({0.7, 0.3}), {-2}),
         {0.2643969622, 0.3874032756, 0.2580083674, 0.0901913948});
  expect(mixed("power", {p, q}, logs({0.7, 0.3}), {3}),
         {0.3677610889, 0.2293651717, 0.1809725733, 0.2219011661});
  expect(mixed("power", {p, q}, logs({0.7, 0.3}), {-HUGE_VAL}),
         {0.2000000000, 0.4000000000, 0.3000000000, 0.1000000000});
  expect(mixed("proxy", {p, q, {p[1], p[0], p[3], p[2]}}, {}, {0.6}),
         {0.2690386463, 0.1800838087, 0.4571928469, 0.0936846980});
  expect(mixed("contrastive", {p, q}, {}, {0.2, 0.25}),
         {0.6200581058, 0.2753366051, 0.1046052891, 0.0000000000});
}

TEST(Rules, LossIsBoundedByEveryExpertAndResponsibilitiesSumToOne) {
  const std::vector<double> weights = logs({0.05, 0.6, 0.35});
  const Row mix = mixed("linear", {kA, kB, kC}, weights);
  const Rule& linear = *find_rule("linear");
  for (std::size_t x = 0; x < kN; ++x) {
    const double logprobs[] = {kA[x], kB[x], kC[x]};
    double r[3];
    attribute(linear, {}, weights, logprobs, r);
    EXPECT_NEAR(r[0] + r[1] + r[2], 1, 1e-12);
    for (int k = 0; k < 3; ++k) {
      EXPECT_LE(-mix[x], -logprobs[k] - weights[k] + 2e-6);
      EXPECT_NEAR(r[k], std::exp(weights[k] + logprobs[k] - mix[x]), 3e-6);
    }
  }
}

TEST(Rules, PowerMeanHasItsLimits) {
  const std::vector<double> weights = logs({0.3, 0.7});
  const auto power = [&](double rho) { return mixed("power", {kA, kB}, weights, {rho}); };
  EXPECT_LT(distance(power(1), mixed("linear", {kA, kB}, weights)), 1e-9);
  const Row geometric = mixed("log_linear", {kA, kB}, {0.3, 0.7});
  EXPECT_LT(distance(power(0), geometric), 2e-6);
  double before = 1e9;
  for (const double rho : {1e-1, 1e-2, 1e-3, 1e-4}) {
    for (const double sign : {1.0, -1.0}) EXPECT_LT(distance(power(sign * rho), geometric), before);
    before = distance(power(rho), geometric);
  }
  EXPECT_LT(distance(power(1e-7), geometric), 1e-5);
  EXPECT_LT(distance(power(1 / 64.0 - 1e-9), power(1 / 64.0)), 2e-4) << "fp64 and fp32 meet";
  EXPECT_LT(distance(power(1000), power(HUGE_VAL)), 3e-3);
  EXPECT_LT(distance(power(-1000), power(-HUGE_VAL)), 3e-3);
  Row largest(kN);
  for (std::size_t i = 0; i < kN; ++i) largest[i] = std::max(kA[i], kB[i]);
  log_softmax(largest, 1, largest, {});
  EXPECT_EQ(power(HUGE_VAL), largest);
}

TEST(Rules, PowerOfZeros) {
  const Row p = {kMasked, std::log(0.5f), std::log(0.5f)},
            q = {std::log(0.5f), kMasked, std::log(0.5f)};
  for (const double rho : {-HUGE_VAL, -2.0, -0.001, 0.0}) {
    EXPECT_EQ(mixed("power", {p, q}, logs({0.5, 0.5}), {rho}), (Row{kMasked, kMasked, 0}))
        << "one zero vetoes at rho " << rho;
  }
  for (const double rho : {0.3, 1.0, HUGE_VAL}) {
    EXPECT_GT(mixed("power", {p, q}, logs({0.5, 0.5}), {rho})[0], -10) << rho;
  }
}

TEST(Rules, MaskedTokensStayMaskedUnderSignedRules) {
  Row a = kA, b = kB, c = kC;
  a[10] = b[11] = c[12] = kMasked;  // an anti-expert's mask would become +inf
  for (const Row& row :
       {mixed("proxy", {a, b, c}, {}, {1.5}), mixed("log_linear", {a, b, c}, {1, -0.5, 2}),
        mixed("contrastive", {a, b}, {}, {0, 0.5})}) {
    for (const float v : row) ASSERT_FALSE(std::isnan(v));
    EXPECT_EQ(row[10], kMasked);
    EXPECT_EQ(row[11], kMasked);
    EXPECT_NEAR(total(row), 1, 2e-6);
  }
  EXPECT_EQ(mixed("proxy", {a, b, c}, {})[12], kMasked);
  const Row nothing(kN, kMasked);
  for (const char* rule : {"linear", "power"}) {
    EXPECT_EQ(mixed(rule, {nothing, nothing}, {0, 0}), nothing);
  }
  EXPECT_EQ(mixed("contrastive", {nothing, kB}, {}), nothing);
  EXPECT_EQ(mixed("log_linear", {nothing, kB}, {1, -1}), nothing);
}

TEST(Rules, NaNOfAnExpertIsSeen) {
  Row broken = kB;
  broken[7] = NAN;
  EXPECT_TRUE(std::isnan(mixed("linear", {kA, broken}, {0, 0})[7]));
  EXPECT_TRUE(std::isnan(mixed("log_linear", {kA, broken}, {1, 1})[7]));
  for (const double rho : {-1.0, 0.0, 0.001, 0.5, HUGE_VAL, -HUGE_VAL}) {
    EXPECT_TRUE(std::isnan(mixed("power", {kA, broken}, {0, 0}, {rho})[7])) << rho;
  }
}

TEST(Rules, ContrastiveKeepsPlausibleTokensOnly) {
  const Row expert = row_of({0.6, 0.3, 0.07, 0.03}), amateur = row_of({0.5, 0.1, 0.2, 0.2});
  const Row out = mixed("contrastive", {expert, amateur}, {}, {0.1, 0.5});
  EXPECT_EQ(out[3], kMasked);
  EXPECT_NE(out[2], kMasked) << "0.07 is above 0.1 * 0.6";
  EXPECT_NEAR(out[1] - out[0], 1.5 * std::log(0.3 / 0.6) - 0.5 * std::log(0.1 / 0.5), 1e-6);
  EXPECT_EQ(mixed("contrastive", {expert, amateur}, {}, {1, 0.5}),
            (Row{0, kMasked, kMasked, kMasked}));
}

TEST(Rules, ContributionsSumToTheUnnormalisedLogProbability) {
  const Rule& proxy = *find_rule("proxy");
  const double parameters[] = {0.5}, logprobs[] = {-1, -2, -3};
  double c[3];
  attribute(proxy, parameters, {}, logprobs, c);
  EXPECT_EQ(c[0], -1);
  EXPECT_EQ(c[1], -1);
  EXPECT_EQ(c[2], 1.5);
  const double exponents[] = {0, 1, 1}, with_zero[] = {-INFINITY, -2, -3};
  attribute(*find_rule("log_linear"), {}, exponents, with_zero, c);
  EXPECT_EQ(c[0], 0);
}

TEST(Rules, ResponsibilitiesAtTheLimits) {
  const Rule& power = *find_rule("power");
  const std::vector<double> weights = logs({0.2, 0.3, 0.5});
  double r[3];
  const auto at = [&](double rho, std::vector<double> logprobs) {
    attribute(power, {&rho, 1}, weights, logprobs, r);
    EXPECT_NEAR(r[0] + r[1] + r[2], 1, 1e-12);
  };
  at(0, {-1, -2, -3});
  EXPECT_NEAR(r[0], 0.2, 1e-12);
  at(HUGE_VAL, {-1, -1, -3});
  EXPECT_NEAR(r[0], 0.4, 1e-12);
  EXPECT_EQ(r[2], 0);
  at(-HUGE_VAL, {-1, -1, -3});
  EXPECT_EQ(r[2], 1);
  at(1, {-INFINITY, -INFINITY, -INFINITY});
  EXPECT_NEAR(r[1], 0.3, 1e-12) << "nobody permits the token: the weights";
  at(-1, {-1, -INFINITY, -2});
  EXPECT_EQ(r[1], 1) << "the veto is its own";
}

// Softmax of z / T per expert, then the mean, against the mean first, then p^(1/T): their total
// variation is a number of numpy (fp64).
TEST(Rules, WarpThenMixIsNotMixThenWarp) {
  const Row z1 = {2.0f, 1.0f, 0.0f, -1.0f, 0.5f}, z2 = {-1.0f, 0.5f, 2.5f, 0.0f, 1.0f};
  Row w1(5), w2(5), p1(5), p2(5);
  log_softmax(z1, 0.7, w1, {});
  log_softmax(z2, 0.7, w2, {});
  log_softmax(z1, 1, p1, {});
  log_softmax(z2, 1, p2, {});
  const Row warp_then_mix = mixed("linear", {w1, w2}, logs({0.6, 0.4}));
  Row mix_then_warp = mixed("linear", {p1, p2}, logs({0.6, 0.4}));
  log_softmax(mix_then_warp, 0.7, mix_then_warp, {});
  double tv = 0;
  for (int i = 0; i < 5; ++i) {
    tv += std::abs(std::exp(double{warp_then_mix[i]}) - std::exp(double{mix_then_warp[i]})) / 2;
  }
  EXPECT_NEAR(tv, 0.0316430413, 1e-6);
}

// 1 - TV(p_1, mix) = 1 - (1 - w) TV(p_1, p_2): how often a draft of expert 1 would be accepted.
TEST(Rules, AcceptanceOfTheHeavyExpert) {
  const double w = 0.7;
  const Row mix = mixed("linear", {kA, kB}, logs({w, 1 - w}));
  double accepted = 0, tv = 0;
  for (std::size_t x = 0; x < kN; ++x) {
    const double p1 = std::exp(double{kA[x]}), p2 = std::exp(double{kB[x]});
    accepted += std::min(p1, std::exp(double{mix[x]}));
    tv += std::abs(p1 - p2) / 2;
  }
  EXPECT_NEAR(accepted, 1 - (1 - w) * tv, 1e-5);
}

TEST(Rules, WhatDoesNotFitIsRefused) {
  EXPECT_THROW(mixed("linear", {kA, kB}, {0}), Error);
  EXPECT_THROW(mixed("linear", {kA, kB}, {-INFINITY, -INFINITY}), Error);
  EXPECT_THROW(mixed("log_linear", {kA, kB}, {0, 0}), Error);
  EXPECT_THROW(mixed("proxy", {kA, kB}, {}), Error);
  EXPECT_THROW(mixed("proxy", {kA, kB, kC}, {0, 0, 0}), Error);
  EXPECT_THROW(mixed("contrastive", {kA, kB}, {}, {0.1}), Error);
  EXPECT_EQ(find_rule("product"), nullptr);
}

}  // namespace
}  // namespace mod::mix::testing
