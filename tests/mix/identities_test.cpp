// What mixtures of real models must be equal to.
#include <gtest/gtest.h>

#include "mix/credits.h"
#include "mix/mixture_support.h"
#include "mix/rule_support.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

using namespace test;

TEST(Identities, CopiesOfAModelAreThatModel) {
  const auto want = answer_ids(alone("math"), kMathText, greedy(25));
  const auto want_sampled = answer_ids(alone("base"), kFrenchText, sampled(25, 7));
  for (const char* rule : {"linear", "log_linear", "power"}) {
    const Mixture three = mixture_of({"math", "math", "math"}, {0.5, 0.3, 0.2}, "fixed", rule);
    EXPECT_EQ(answer_ids(three, kMathText, greedy(25)), want) << rule;
    const Mixture two = mixture_of({"base", "base"}, {0.9, 0.1}, "fixed", rule);
    EXPECT_EQ(answer_ids(two, kFrenchText, sampled(25, 7)), want_sampled) << rule;
  }
  for (const char* gate : {"share", "prompt", "turn", "entropy"}) {
    EXPECT_EQ(answer_ids(mixture_of({"math", "math"}, {}, gate), kMathText, greedy(25)), want)
        << gate;
  }
}

TEST(Identities, WeightOneIsTheExpertBitByBit) {
  for (const char* gate : {"fixed", "share", "prompt"}) {
    Engine mixed = engine_of(mixture_of({"math", "code"}, {1, 0}, gate));
    Engine single = engine_of(alone("math"));
    const Prompt prompt = text_prompt(encode(kMathText));
    Stream a = read_prompt(mixed, prompt), b = read_prompt(single, prompt);
    for (int i = 0; i < 15; ++i) {
      ASSERT_EQ(scores_of(a.prediction()), scores_of(b.prediction())) << gate << i;
      EXPECT_EQ(a.prediction().log_total, b.prediction().log_total);
      EXPECT_FALSE(a.prediction().experts[1].is_known());
      EXPECT_EQ(weights_of(a.prediction()), (std::vector<double>{1, 0}));
      const std::vector<Token> next = {static_cast<Token>(best_token(b.prediction().scores, {}))};
      advance(mixed, a, next);
      advance(single, b, next);
    }
    EXPECT_EQ(a.forward_passes(), (std::vector<std::uint64_t>{16, 0})) << gate;
  }
}

TEST(Identities, LinearLossIsWithinTheWeightOfEachExpertAndResponsibilitiesSumToOne) {
  const std::vector<Token> ids = encode(kMathText + "3 * 4 = 12\n\\boxed{12}<|im_end|>");
  for (const char* gate : {"fixed", "share", "turn"}) {
    const Mixture mixture = mixture_of({"math", "code", "french"}, {0.7, 0.2, 0.1}, gate);
    Engine engine = engine_of(mixture);
    Stream stream = engine.start();
    std::size_t seen = 0;
    engine.score(stream, ids, [&](std::size_t t, const Prediction& prediction) {
      if (t + 1 == ids.size()) return;
      const Credits credits = credit(mixture, prediction, ids[t + 1], {}, engine.context());
      double sum = 0;
      for (const TokenExpert& expert : credits.experts) {
        if (expert.weight == 0) continue;
        EXPECT_GE(prediction.logprob(ids[t + 1]), expert.logprob + std::log(expert.weight) - 1e-5);
        sum += expert.responsibility;
      }
      EXPECT_NEAR(sum, 1, 1e-9) << gate << t;
      ++seen;
    });
    EXPECT_EQ(seen + 1, ids.size());
  }
}

TEST(Identities, LinearIsTheWeightedSumOfProbabilities) {
  const std::vector<Token> ids = encode(kFrenchText);
  const Rows a = rows_of(alone("math"), ids), b = rows_of(alone("french"), ids);
  const Rows mixed = rows_of(mixture_of({"math", "french"}, {3, 1}), ids);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    for (std::size_t v = 0; v < a[t].size(); ++v) {
      const double want = std::log(0.75 * std::exp(a[t][v]) + 0.25 * std::exp(b[t][v]));
      ASSERT_NEAR(mixed[t][v], want, 2e-5) << t << " " << v;
    }
  }
}

Mixture with_parameters(Mixture mixture, std::vector<double> parameters) {
  mixture.rule_parameters = std::move(parameters);
  return mixture;
}

TEST(Identities, RulesWithRolesFallBackToTheirExpert) {
  const std::vector<Token> ids = encode(kMathText);
  const Rows expert = rows_of(alone("math"), ids), base = rows_of(alone("base"), ids);
  const Rows contrastive = rows_of(
      with_parameters(mixture_of({"math", "base"}, {}, "fixed", "contrastive"), {0, 0}), ids);
  const Rows proxy = rows_of(
      with_parameters(mixture_of({"base", "math", "code"}, {}, "fixed", "proxy"), {0}), ids);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    EXPECT_LT(total_variation(contrastive[t], expert[t]), 1e-6);
    EXPECT_LT(total_variation(proxy[t], base[t]), 1e-6);
  }
  // Greedy, the plausibility cut changes nothing.
  EXPECT_EQ(answer_ids(
                with_parameters(mixture_of({"math", "base"}, {}, "fixed", "contrastive"), {0.1, 0}),
                kMathText, greedy(25)),
            answer_ids(alone("math"), kMathText, greedy(25)));
}

// z_base + alpha (z_expert - z_antiexpert), whatever the order of the experts is.
TEST(Identities, ProxyTakesItsExpertsByRole) {
  const std::vector<Token> ids = encode(kMathText);
  Mixture mixture = mixture_of({"code", "base", "math"}, {}, "fixed", "proxy");
  mixture.roles = {1, 2, 0};
  mixture.rule_parameters = {0.5};
  const Rows got = rows_of(mixture, ids);
  const Rows base = rows_of(alone("base"), ids), expert = rows_of(alone("math"), ids),
             anti = rows_of(alone("code"), ids);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    std::vector<double> want;
    for (std::size_t v = 0; v < base[t].size(); ++v) {
      want.push_back(base[t][v] + 0.5 * (expert[t][v] - anti[t][v]));
    }
    const double total = log_sum_exp(want);
    for (double& w : want) w -= total;
    EXPECT_LT(total_variation(got[t], want), 1e-5) << t;
  }
}

/// Two experts that read own beginnings of one text.
Prompt two_views(const std::string& first, const std::string& second, const std::string& text) {
  Piece piece;
  if (!first.empty() || !second.empty()) piece.views = {encode(first), encode(second)};
  piece.tokens = encode(text);
  piece.starts_turn = true;
  return {piece};
}

TEST(Identities, GuidanceOfOneAndContextAwarenessOfZeroAreTheConditionalModel) {
  const Mixture mixture = mixture_of({"french", "french"}, {1, 0}, "fixed", "log_linear");
  const std::string system = "<|im_start|>system\nTranslate into French.<|im_end|>\n";
  Engine engine = engine_of(mixture);
  EXPECT_EQ(ids_of(generate(engine, two_views(system, "", kFrenchText), greedy(20))),
            answer_ids(alone("french"), system + kFrenchText, greedy(20)));
  // Exponents 1.5 and -0.5 differ from the conditional model as the formula says.
  Engine guided = engine_of(mixture_of({"french", "french"}, {1.5, -0.5}, "fixed", "log_linear"));
  Stream stream = read_prompt(guided, two_views(system, "", kFrenchText));
  const auto conditional = rows_of(alone("french"), encode(system + kFrenchText)).back();
  const auto plain = rows_of(alone("french"), encode(kFrenchText)).back();
  std::vector<double> want;
  for (std::size_t v = 0; v < plain.size(); ++v)
    want.push_back(1.5 * conditional[v] - 0.5 * plain[v]);
  const double total = log_sum_exp(want);
  for (double& w : want) w -= total;
  EXPECT_LT(total_variation(logprobs_of(stream.prediction()), want), 1e-5);
}

TEST(Identities, MaskedTokensAreNeverPredictedByAnyRule) {
  const std::vector<Token> ids = {1, 87, 85, 300, 12};
  for (const Rule* rule : rules()) {
    const std::size_t n = rule->roles.empty() ? 2 : rule->roles.size();
    std::vector<double> weights;
    if (rule->weights == WeightUse::kShares) weights = {0.6, 0.4};
    if (rule->weights == WeightUse::kExponents) weights = {1.7, -0.7};
    std::vector<std::string> names = {"math", "base", "code"};
    names.resize(n);
    Mixture mixture = mixture_of(names, weights, "fixed", std::string(rule->name).c_str());
    // What the experts like best here is masked too: most of the probability is gone.
    mixture.masked = {{100, 140}, {200, 201}, {400, 1000}};
    const Rows rows = rows_of(mixture, ids);
    for (const auto& row : rows) {
      double sum = 0;
      for (std::size_t v = 0; v < row.size(); ++v) {
        ASSERT_FALSE(std::isnan(row[v])) << rule->name << v;
        const bool masked = (v >= 100 && v < 140) || v == 200 || (v >= 400 && v < 1000);
        if (masked) {
          ASSERT_EQ(std::exp(row[v]), 0) << rule->name << v;
        }
        sum += std::exp(row[v]);
      }
      EXPECT_NEAR(sum, 1, 1e-5) << rule->name;
    }
    Engine engine = engine_of(mixture);
    for (const Token id : ids_of(generate(engine, text_prompt(ids), sampled(60, 3)))) {
      EXPECT_TRUE(id < 400 || id >= 1000) << rule->name << id;
    }
  }
}

// Masks come before the softmax: an expert keeps its weight, whatever part of it is masked.
TEST(Identities, MasksRenormaliseEachExpert) {
  const std::vector<Token> ids = encode(kMathText);
  Mixture mixture = mixture_of({"math", "french"}, {0.5, 0.5});
  mixture.masked = {{300, 700}};
  const Rows got = rows_of(mixture, encode("Ben"));
  const Rows a = rows_of(alone("math"), encode("Ben")), b = rows_of(alone("french"), encode("Ben"));
  const auto share = [](const std::vector<double>& row, std::size_t v) {
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) sum += i >= 300 && i < 700 ? 0 : std::exp(row[i]);
    return std::exp(row[v]) / sum;
  };
  for (const std::size_t v : {0, 13, 250, 299, 700, 1023}) {
    const double want = 0.5 * share(a[0], v) + 0.5 * share(b[0], v);
    EXPECT_NEAR(std::exp(got[0][v]), want, 1e-6) << v;
  }
}

TEST(Identities, WarpThenMixIsNotMixThenWarp) {
  // By hand, T = 1/2: p1^2 = (.64, .0225, .0025)/.665, p2^2 = (.01, .04, .49)/.54, their mean; and
  // ((p1 + p2)/2)^2 = (.2025, .030625, .140625)/.37375.
  using testing::mixed;
  testing::Row a = testing::row_of({0.8, 0.15, 0.05}), b = testing::row_of({0.1, 0.2, 0.7});
  testing::Row mix_first = mixed("linear", {a, b}, testing::logs({0.5, 0.5}));
  log_softmax(mix_first, 0.5, mix_first, {});
  log_softmax(a, 0.5, a, {});
  log_softmax(b, 0.5, b, {});
  const testing::Row warp_first = mixed("linear", {a, b}, testing::logs({0.5, 0.5}));
  const double warped[] = {0.490462, 0.053954, 0.455583}, mixed_[] = {0.541806, 0.081940, 0.376254};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(std::exp(warp_first[i]), warped[i], 1e-6);
    EXPECT_NEAR(std::exp(mix_first[i]), mixed_[i], 1e-6);
  }
  // The engine warps first: an expert's temperature divides its logits before the mix.
  const std::vector<Token> ids = encode(kFrenchText);
  Mixture mixture = mixture_of({"math", "french"}, {0.5, 0.5});
  for (Expert& expert : mixture.experts) expert.temperature = 0.7;
  const Rows got = rows_of(mixture, ids);
  const Rows p = rows_of(alone("math"), ids), q = rows_of(alone("french"), ids);
  const auto warp = [](std::vector<double> row) {
    for (double& x : row) x /= 0.7;
    const double total = log_sum_exp(row);
    for (double& x : row) x -= total;
    return row;
  };
  double most = 0;
  for (std::size_t t = 0; t < ids.size(); ++t) {
    std::vector<double> want, other;
    const auto wp = warp(p[t]), wq = warp(q[t]);
    for (std::size_t v = 0; v < wp.size(); ++v) {
      want.push_back(std::log(0.5 * std::exp(wp[v]) + 0.5 * std::exp(wq[v])));
      other.push_back(std::log(0.5 * std::exp(p[t][v]) + 0.5 * std::exp(q[t][v])));
    }
    EXPECT_LT(total_variation(got[t], want), 1e-5) << t;
    most = std::max(most, total_variation(got[t], warp(other)));
  }
  EXPECT_GT(most, 0.03);
}

TEST(Identities, WhatDoesNotGoTogetherIsRefused) {
  const auto refused = [](const Mixture& mixture) {
    try {
      check_mixture(mixture);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused(mixture_of({"math", "code"}, {})).find("weight"), std::string::npos);
  EXPECT_NE(refused(mixture_of({"math", "code"}, {1, -1})).find("-1"), std::string::npos);
  EXPECT_NE(refused(mixture_of({"math", "code"}, {0, 0})), "");
  EXPECT_EQ(refused(mixture_of({"math", "code"}, {1, -1}, "fixed", "log_linear")), "");
  EXPECT_NE(refused(mixture_of({"math", "code"}, {0, 0}, "fixed", "log_linear")), "");
  EXPECT_NE(refused(mixture_of({"math", "code"}, {1, NAN}, "fixed", "log_linear")), "");
  EXPECT_NE(refused(mixture_of({"math", "code"}, {1, -1}, "share", "log_linear")), "");
  EXPECT_NE(refused(mixture_of({"math", "code"}, {}, "share", "contrastive")), "");
  EXPECT_NE(refused(mixture_of({"math", "code"}, {}, "share", "linear", ModeKind::kDraw)), "");
  EXPECT_NE(refused(mixture_of({"math", "code"}, {1, 1}, "fixed", "log_linear", ModeKind::kDraw)),
            "");
  Engine draw = engine_of(mixture_of({"math", "code"}, {1, 1}, "fixed", "linear", ModeKind::kDraw));
  EXPECT_THROW(generate(draw, text_prompt({1, 2}), greedy(3)), Error);
  Engine certified =
      engine_of(mixture_of({"math", "code"}, {1, 1}, "fixed", "linear", ModeKind::kCertified));
  EXPECT_THROW(generate(certified, text_prompt({1, 2}), sampled(3, 1)), Error);
}

}  // namespace
}  // namespace mod::mix
