#include <gtest/gtest.h>

#include <numeric>

#include "mix/fit/em.h"
#include "mix/fit/exponents.h"
#include "mix/fit/search.h"
#include "mod/error.h"
#include "rule_support.h"

namespace mod::mix::testing {
namespace {

/// Tokens written by expert k with probability truth[k]; each is surer of its own.
std::vector<double> sampled_scores(std::size_t tokens, const std::vector<double>& truth,
                                   unsigned seed) {
  std::mt19937 random(seed);
  std::discrete_distribution<std::size_t> writer(truth.begin(), truth.end());
  std::uniform_real_distribution<double> uniform(0.05, 0.5);
  std::vector<double> scores;
  for (std::size_t t = 0; t < tokens; ++t) {
    const std::size_t own = writer(random);
    for (std::size_t k = 0; k < truth.size(); ++k) {
      scores.push_back(std::log(uniform(random) * (k == own ? 1.9 : 0.5)));
    }
  }
  return scores;
}

TEST(Em, NeverLowersTheLikelihoodAndFindsTheGridsOptimum) {
  const auto scores = sampled_scores(1500, {0.5, 0.35, 0.15}, 1);
  const TokenScores table{scores, 3};
  double best = -INFINITY;
  for (int a = 0; a <= 100; ++a) {
    for (int b = 0; a + b <= 100; ++b) {
      const double w[] = {a / 100.0, b / 100.0, (100 - a - b) / 100.0};
      best = std::max(best, mean_log_likelihood(table, w));
    }
  }
  std::vector<double> first;
  for (const std::vector<double>& start :
       {std::vector<double>{}, {0.98, 0.01, 0.01}, {1e-6, 1, 1e-6}, {3, 5, 40}}) {
    EmOptions options;
    options.start = start;
    options.tolerance = 1e-13;
    const EmResult fit = fit_weights(table, options);
    EXPECT_TRUE(fit.converged);
    for (std::size_t i = 1; i < fit.objective.size(); ++i) {
      EXPECT_GE(fit.objective[i], fit.objective[i - 1] - 1e-12);
    }
    EXPECT_GE(fit.mean_log_likelihood, best - 1e-9);
    EXPECT_LT(fit.mean_log_likelihood, best + 1e-4);
    EXPECT_NEAR(fit.mean_log_likelihood, mean_log_likelihood(table, fit.weights), 1e-12);
    EXPECT_NEAR(fit.weights[0] + fit.weights[1] + fit.weights[2], 1, 1e-12);
    if (first.empty()) first = fit.weights;
    for (int k = 0; k < 3; ++k) EXPECT_NEAR(fit.weights[k], first[k], 1e-4);
  }
}

TEST(Em, FindsTheWeightsThatWroteTheText) {
  // Two experts that predict one token each: the weights are the tokens' shares.
  std::vector<double> scores;
  for (int t = 0; t < 100; ++t) {
    scores.push_back(t < 30 ? 0 : -INFINITY);
    scores.push_back(t < 30 ? -INFINITY : 0);
  }
  const EmResult fit = fit_weights({scores, 2});
  EXPECT_NEAR(fit.weights[0], 0.3, 1e-12);
  EXPECT_NEAR(fit.mean_log_likelihood, 0.3 * std::log(0.3) + 0.7 * std::log(0.7), 1e-12);
}

TEST(Em, AnExpertThatIsAlwaysWorseIsUseless) {
  std::vector<double> scores;
  for (int t = 0; t < 500; ++t) {
    scores.push_back(-1 - 0.001 * t);
    scores.push_back(-2 - 0.001 * t);
  }
  const EmResult fit = fit_weights({scores, 2});
  EXPECT_LT(fit.weights[1], kUselessWeight);
  EXPECT_LT(fit.weights[1], 1e-6);
}

TEST(Em, DirichletPullsTowardsItself) {
  const auto scores = sampled_scores(50, {0.9, 0.1}, 2);
  EmOptions options;
  options.dirichlet = {1001, 1001};
  const EmResult fit = fit_weights({scores, 2}, options);
  EXPECT_NEAR(fit.weights[0], 0.5, 0.02);
  for (std::size_t i = 1; i < fit.objective.size(); ++i) {
    EXPECT_GE(fit.objective[i], fit.objective[i - 1] - 1e-12);
  }
}

TEST(Em, ImpossibleTokensAreCountedAndBadInputRefused) {
  const std::vector<double> scores = {-1, -2, -INFINITY, -INFINITY, -2, -1};
  const EmResult fit = fit_weights({scores, 2});
  EXPECT_EQ(fit.impossible, 1u);
  EXPECT_TRUE(std::isfinite(fit.mean_log_likelihood));
  EXPECT_THROW(fit_weights({{}, 2}), Error);
  const std::vector<double> broken = {-1, NAN};
  EXPECT_THROW(fit_weights({broken, 2}), Error);
  EmOptions options;
  options.start = {1, -1};
  EXPECT_THROW(fit_weights({scores, 2}, options), Error);
  options.start = {};
  options.dirichlet = {1, 0.5};
  EXPECT_THROW(fit_weights({scores, 2}, options), Error);
}

TEST(Em, BootstrapCoversTheFitWhateverTheThreads) {
  const auto scores = sampled_scores(800, {0.7, 0.3}, 3);
  const TokenScores table{scores, 2};
  std::vector<std::size_t> texts;
  for (std::size_t t = 0; t < 800; t += 20) texts.push_back(t);
  const EmResult fit = fit_weights(table);
  Context one, three;
  one.threads = 1;
  three.threads = 3;
  const auto a = bootstrap_weights(table, texts, {}, {}, one);
  const auto b = bootstrap_weights(table, texts, {}, {}, three);
  for (int k = 0; k < 2; ++k) {
    EXPECT_EQ(a[k].low, b[k].low);
    EXPECT_EQ(a[k].high, b[k].high);
    EXPECT_LT(a[k].low, fit.weights[k]);
    EXPECT_GT(a[k].high, fit.weights[k]);
    EXPECT_GT(a[k].high - a[k].low, 0.01);
    EXPECT_LT(a[k].high - a[k].low, 0.4);
  }
  BootstrapOptions other;
  other.seed = 1;
  EXPECT_NE(bootstrap_weights(table, texts, {}, other, one)[0].low, a[0].low);
}

TEST(Search, FindsPeaksInsideAndAtTheEnds) {
  const auto parabola = [](double x) { return -(x - 0.3) * (x - 0.3); };
  EXPECT_NEAR(maximise(parabola, {.low = 0, .high = 1}).at, 0.3, 1e-3);
  EXPECT_EQ(maximise(parabola, {.low = 0.5, .high = 1}).at, 0.5);
  EXPECT_EQ(maximise(parabola, {.low = 0, .high = 0.1}).at, 0.1);
  const auto decades = [](double x) { return -std::pow(std::log(x / 0.02), 2); };
  const SearchResult found =
      maximise(decades, {.low = 1e-5, .high = 1, .logarithmic = true, .tolerance = 1e-6});
  EXPECT_NEAR(found.at, 0.02, 1e-6);
  EXPECT_LT(found.evaluations, 60);
}

TEST(Search, NumbersThatAreNoneAreTheWorst) {
  const auto half = [](double x) { return x < 0.6 ? NAN : -x; };
  EXPECT_NEAR(maximise(half, {.low = 0, .high = 1}).at, 0.6, 2e-3);
  const SearchResult none = maximise([](double) { return -INFINITY; }, {.low = 2, .high = 3});
  EXPECT_EQ(none.at, 2);
  EXPECT_EQ(none.value, -INFINITY);
  EXPECT_THROW(maximise(half, {.low = 1, .high = 1}), Error);
  EXPECT_THROW(maximise(half, {.low = 0, .high = 1, .logarithmic = true}), Error);
}

TEST(Search, RecoversATemperature) {
  // Tokens drawn from softmax(z / 1.7): the likelihood is largest near T = 1.7.
  const std::size_t n = 50;
  std::mt19937 random(5);
  std::vector<Row> logits;
  std::vector<std::size_t> tokens;
  for (unsigned t = 0; t < 3000; ++t) {
    logits.push_back(random_logits(n, 100 + t));
    Row warped(n);
    log_softmax(logits.back(), 1.7, warped, {});
    std::vector<double> p;
    for (const float l : warped) p.push_back(std::exp(double{l}));
    tokens.push_back(std::discrete_distribution<std::size_t>(p.begin(), p.end())(random));
  }
  const auto likelihood = [&](double temperature) {
    double sum = 0;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      sum +=
          logits[t][tokens[t]] / temperature - summarise(logits[t], temperature, {}).log_sum_exp();
    }
    return sum;
  };
  EXPECT_NEAR(maximise(likelihood, {.low = 0.2, .high = 5, .logarithmic = true}).at, 1.7, 0.1);
}

struct Stored {
  std::vector<Row> rows;
  std::vector<const float*> pointers;
  std::vector<std::uint32_t> tokens;
};

/// Tokens drawn from softmax(sum a_k ln p_k) over 12 tokens.
Stored drawn(const std::vector<double>& exponents, std::size_t count) {
  const std::size_t v = 12;
  Stored s;
  std::mt19937 random(6);
  for (std::size_t t = 0; t < count; ++t) {
    std::vector<double> p(v, 0);
    for (std::size_t k = 0; k < exponents.size(); ++k) {
      s.rows.push_back(random_row(v, static_cast<unsigned>(1000 + t * 7 + k), 1.5f));
      for (std::size_t x = 0; x < v; ++x) p[x] += exponents[k] * s.rows.back()[x];
    }
    for (double& x : p) x = std::exp(x);
    s.tokens.push_back(static_cast<std::uint32_t>(
        std::discrete_distribution<std::size_t>(p.begin(), p.end())(random)));
  }
  for (const Row& row : s.rows) s.pointers.push_back(row.data());
  return s;
}

TEST(Exponents, GradientAndCurvatureAreThoseOfTheValue) {
  const Stored s = drawn({0.8, -0.3, 0.5}, 40);
  const CurvatureAt objective = stored_rows(s.pointers, 3, 12, s.tokens, {});
  const std::vector<double> at = {0.4, 0.1, 0.9};
  const Curvature c = objective(at);
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<double> up = at, down = at;
    up[k] += 1e-5;
    down[k] -= 1e-5;
    const Curvature a = objective(up), b = objective(down);
    EXPECT_NEAR(c.gradient[k], (a.value - b.value) / 2e-5, 1e-7);
    for (std::size_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(c.hessian[k * 3 + j], (a.gradient[j] - b.gradient[j]) / 2e-5, 1e-6);
    }
  }
}

TEST(Exponents, NewtonRecoversSignedExponents) {
  const std::vector<double> truth = {0.8, -0.3, 0.5};
  const Stored s = drawn(truth, 4000);
  Context three;
  three.threads = 3;
  const NewtonResult fit = fit_exponents(stored_rows(s.pointers, 3, 12, s.tokens, {}), 3);
  EXPECT_TRUE(fit.converged);
  EXPECT_LT(fit.iterations, 12);
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(fit.exponents[k], truth[k], 0.08);
  const NewtonResult again = fit_exponents(stored_rows(s.pointers, 3, 12, s.tokens, three), 3);
  EXPECT_EQ(again.exponents, fit.exponents);
  NewtonOptions far;
  far.start = {-5, 7, 3};
  const NewtonResult other = fit_exponents(stored_rows(s.pointers, 3, 12, s.tokens, {}), 3, far);
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(other.exponents[k], fit.exponents[k], 1e-3);
}

TEST(Exponents, EqualExpertsAndMasksAreNoTrouble) {
  Stored s = drawn({1}, 60);
  std::vector<const float*> twice;
  for (const float* row : s.pointers) twice.insert(twice.end(), {row, row});
  const NewtonResult fit = fit_exponents(stored_rows(twice, 2, 12, s.tokens, {}), 2);
  EXPECT_TRUE(std::isfinite(fit.value));
  EXPECT_NEAR(fit.exponents[0], fit.exponents[1], 1e-6);
  for (std::size_t t = 0; t < 60; ++t) s.rows[t][(s.tokens[t] + 1) % 12] = kMasked;
  s.rows[0][s.tokens[0]] = kMasked;
  EXPECT_TRUE(std::isfinite(fit_exponents(stored_rows(s.pointers, 1, 12, s.tokens, {}), 1).value));
  EXPECT_THROW(fit_exponents(stored_rows({}, 1, 12, {}, {}), 1), Error);
}

TEST(Exponents, SeparableDataStopsAtTheLimit) {
  const Row row = row_of({0.6, 0.4});
  const float* rows[] = {row.data(), row.data()};
  const std::uint32_t tokens[] = {0, 0};
  NewtonOptions options;
  options.largest = 5;
  options.most_iterations = 1000;
  options.tolerance = 0;
  const NewtonResult fit = fit_exponents(stored_rows(rows, 1, 2, tokens, {}), 1, options);
  EXPECT_TRUE(fit.at_limit);
  EXPECT_EQ(fit.exponents[0], 5);
}

}  // namespace
}  // namespace mod::mix::testing
