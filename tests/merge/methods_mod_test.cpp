// mod: golden vectors of the published rule and its two other ways to choose, and the fast kernel
// against the rule as written down, step by step in bf16.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "support/run_kernel.h"

namespace mod::test {
namespace {

using merge::Compute;

const Tensor kD0 = {-1, 0, 0.5, 0.79f, 0.81f, 1};
const Tensor kD1 = {10, 20, 30, 40, 50, 60};
const Tensor kD2 = {100, 200, 300, 400, 500, 600};

Case mod_case(const char* select, std::vector<double> weights, std::vector<Tensor> experts,
              Compute compute = Compute::kFp32) {
  const auto n = static_cast<std::int64_t>(experts[0].size());
  return {.method = "mod",
          .inputs = std::move(experts),
          .per_model = {{"weight", std::move(weights)}},
          .strings = {{"select", {select}}},
          .shape = {n},
          .compute = compute};
}

float bf16(float x) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  if (std::isnan(x)) return std::bit_cast<float>((bits & 0x80000000u) | 0x7fc00000u);
  bits += 0x7fff + ((bits >> 16) & 1);
  return std::bit_cast<float>(bits & 0xffff0000u);
}

TEST(ModMethod, ReferenceGolden) {
  const auto run = [](double alpha) {
    return run_method(mod_case("reference", {alpha, 1 - alpha}, {kD0, kD1})).out;
  };
  EXPECT_EQ(run(0.9), (Tensor{-1, 0, 0.5, 0.79f, 50, 60}));
  EXPECT_EQ(run(0.895), (Tensor{-1, 0, 0.5, 40, 50, 60}));
  EXPECT_EQ(run(0.5), (Tensor{-1, 20, 30, 40, 50, 60}));
  EXPECT_EQ(run(1.0), (Tensor{-1, 0, 0.5, 0.79f, 0.81f, 60}));
  EXPECT_EQ(run(0.0), kD1);
  const RunResult rounded =
      run_method(mod_case("reference", {0.9, 0.1}, {kD0, kD1}, Compute::kBf16));
  EXPECT_EQ(rounded.out, (Tensor{-1, 0, 0.5, 0.7890625, 50, 60}));
  EXPECT_EQ(rounded.taken, (std::vector<std::uint64_t>{4, 2}));
}

TEST(ModMethod, RankGolden) {
  EXPECT_EQ(run_method(mod_case("rank", {0.9, 0.1}, {kD0, kD1})).out,
            (Tensor{-1, 0, 0.5, 0.79f, 0.81f, 60}));
  EXPECT_EQ(run_method(mod_case("rank", {0.6, 0.4}, {kD0, kD1})).out,
            (Tensor{-1, 0, 0.5, 40, 50, 60}));
  const RunResult three = run_method(mod_case("rank", {0.5, 0.35, 0.15}, {kD0, kD1, kD2}));
  EXPECT_EQ(three.out, (Tensor{-1, 0, 0.5, 40, 50, 600}));
  EXPECT_EQ(three.taken, (std::vector<std::uint64_t>{3, 2, 1}));
}

TEST(ModMethod, RankEdges) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  // The top rank goes to the last expert with a weight; NaN ranks highest, ties by index.
  EXPECT_EQ(run_method(mod_case("rank", {1, 0}, {kD0, kD1})).out, kD0);
  EXPECT_EQ(run_method(mod_case("rank", {0, 1}, {kD0, kD1})).out, kD1);
  EXPECT_EQ(run_method(mod_case("rank", {0.5, 0.5}, {{1}, {2}})).out, (Tensor{1}));
  const Tensor out =
      run_method(mod_case("rank", {0.5, 0.5}, {{nan, 2, 1, 1, -0.0f, 0}, {10, 20, 30, 40, 50, 60}}))
          .out;
  EXPECT_EQ(out[0], 10);  // ranks 5 4 2 3 0 1; rank < 2.5 stays
  EXPECT_EQ((Tensor{out.begin() + 1, out.end()}), (Tensor{20, 1, 40, -0.0f, 0}));
}

TEST(ModMethod, RandomGolden) {
  const Tensor zeros(8, 0.0f), ones(8, 1.0f), twos(8, 2.0f);
  EXPECT_EQ(run_method(mod_case("random", {0.9, 0.1}, {zeros, ones})).out,
            (Tensor{0, 1, 0, 0, 0, 0, 1, 0}));
  EXPECT_EQ(run_method(mod_case("random", {0.5, 0.5}, {zeros, ones})).out,
            (Tensor{0, 1, 0, 1, 1, 0, 1, 1}));
  EXPECT_EQ(run_method(mod_case("random", {0.5, 0.3, 0.2}, {zeros, ones, twos})).out,
            (Tensor{0, 2, 0, 1, 1, 0, 2, 1}));
}

TEST(ModMethod, RandomSharesAreBinomial) {
  const std::size_t n = 200000;
  const std::vector<double> weights = {0.7, 0.2, 0.1};
  const RunResult result =
      run_method(mod_case("random", weights, {Tensor(n, 0.0f), Tensor(n, 1.0f), Tensor(n, 2.0f)}));
  for (std::size_t i = 0; i < 3; ++i) {
    const double mean = weights[i] * n, sigma = std::sqrt(mean * (1 - weights[i]));
    EXPECT_NEAR(static_cast<double>(result.taken[i]), mean, 5 * sigma);
  }
}

/// The rule as published: every operation rounded (bf) or in fp32.
std::vector<int> reference_choices(const Tensor& d0, const std::vector<double>& weights,
                                   bool rounds) {
  const auto round = [&](float x) { return rounds ? bf16(x) : x; };
  bool has_nan = false;
  float min = std::numeric_limits<float>::infinity(), max = -min;
  for (const float x : d0) {
    has_nan |= std::isnan(x);
    min = std::min(min, round(x));
    max = std::max(max, round(x));
  }
  std::vector<int> choices;
  for (const float x : d0) {
    float scaled = round(round(round(x) - min) / round(max - min));
    if (min == max) scaled = 0;
    if (has_nan) scaled = std::numeric_limits<float>::quiet_NaN();
    int choice = static_cast<int>(weights.size()) - 1;
    double bound = 0;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
      bound += weights[i];
      if (scaled < round(static_cast<float>(bound))) {
        choice = static_cast<int>(i);
        break;
      }
    }
    choices.push_back(choice);
  }
  return choices;
}

std::vector<Tensor> awkward_tensors() {
  const float inf = std::numeric_limits<float>::infinity();
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<Tensor> list = {
      Tensor(100, 0.0f), Tensor(100, -3.5f), Tensor(1, 2.0f), {0.0f, -0.0f, 0.0f}, Tensor(5, inf)};
  Tensor gaussian(3001);
  for (float& x : gaussian) x = normal(random);
  list.push_back(gaussian);
  for (const float extra : {inf, -inf, std::numeric_limits<float>::quiet_NaN(), 3e38f, -0.0f}) {
    list.push_back(gaussian);
    list.back()[1234] = extra;
  }
  list.push_back(gaussian);
  list.back()[7] = 3.3e38f;
  list.back()[8] = -3.3e38f;  // the range overflows
  Tensor tiny = gaussian, rounded = gaussian, uniform = gaussian;
  for (float& x : tiny) x *= 1e-40f;
  for (float& x : rounded) x = bf16(x);
  std::uniform_real_distribution<float> flat(-1, 1);
  for (float& x : uniform) x = flat(random);
  list.push_back(tiny);
  list.push_back(rounded);
  list.push_back(uniform);
  return list;
}

TEST(ModMethod, ReferenceFollowsThePublishedRule) {
  const std::vector<std::vector<double>> weightings = {
      {0.9, 0.1}, {0.5, 0.5}, {0, 1}, {1, 0}, {0.6, 0.3, 0.1}, {0.25, 0.25, 0.25, 0.25}};
  for (const Tensor& d0 : awkward_tensors()) {
    for (const auto& weights : weightings) {
      for (const bool rounds : {false, true}) {
        std::vector<Tensor> experts = {d0};
        while (experts.size() < weights.size()) {
          experts.emplace_back(d0.size(), 1000.0f * static_cast<float>(experts.size()));
        }
        const RunResult result = run_method(
            mod_case("reference", weights, experts, rounds ? Compute::kBf16 : Compute::kFp32));
        const std::vector<int> choices = reference_choices(d0, weights, rounds);
        std::vector<std::uint64_t> taken(weights.size(), 0);
        for (std::size_t i = 0; i < d0.size(); ++i) {
          const float x = experts[static_cast<std::size_t>(choices[i])][i];
          const float expected = rounds ? bf16(x) : x;
          ++taken[static_cast<std::size_t>(choices[i])];
          ASSERT_EQ(std::bit_cast<std::uint32_t>(result.out[i]),
                    std::bit_cast<std::uint32_t>(expected))
              << i << " of " << d0.size() << ", " << d0[i] << ", rounds " << rounds;
        }
        EXPECT_EQ(result.taken, taken);
      }
    }
  }
}

TEST(ModMethod, RankFollowsASort) {
  std::mt19937 random(3);
  for (Tensor d0 : awkward_tensors()) {
    if (d0.size() == 1) continue;
    for (float& x : d0) {
      if (random() % 3 == 0) x = 0.25f;  // ties
    }
    const std::size_t n = d0.size();
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const bool nan_a = std::isnan(d0[a]), nan_b = std::isnan(d0[b]);
      if (nan_a != nan_b) return nan_b;
      return nan_a || d0[a] == d0[b] ? a < b : d0[a] < d0[b];
    });
    const RunResult result =
        run_method(mod_case("rank", {0.3, 0.5, 0.2}, {d0, Tensor(n, 111.0f), Tensor(n, 222.0f)}));
    for (std::size_t rank = 0; rank < n; ++rank) {
      const double last = static_cast<double>(n - 1), r = static_cast<double>(rank);
      const float expected = r < 0.3 * last           ? d0[order[rank]]
                             : r < (0.3 + 0.5) * last ? 111.0f
                                                      : 222.0f;
      ASSERT_EQ(result.out[order[rank]], expected) << rank << " of " << n;
    }
  }
}

TEST(ModMethod, FactsGiveTheExtremesInDeviations) {
  // Mean 0, deviation 1.
  const RunResult result =
      run_method(mod_case("reference", {0.9, 0.1}, {{-1, 1, -1, 1}, {0, 0, 0, 0}}));
  EXPECT_DOUBLE_EQ(result.fact("min_in_deviations"), -1);
  EXPECT_DOUBLE_EQ(result.fact("max_in_deviations"), 1);
}

TEST(ModMethod, MatchesSubstrings) {
  Case run = mod_case("reference", {0.9, 0.1}, {kD0, kD1});
  const auto matches = merge::find_method("mod")->matches;
  EXPECT_TRUE(matches(spec_of(run)));
  run.name = "model.layers.0.self_attn.q_proj.weight";
  EXPECT_FALSE(matches(spec_of(run)));
  run.strings["match"] = {"mlp", "q_proj"};
  EXPECT_TRUE(matches(spec_of(run)));
}

TEST(ModMethod, ChecksItsWeights) {
  const auto check = merge::find_method("mod")->check;
  const auto text = [&](const char* select, std::vector<double> weights) {
    std::vector<Tensor> experts(weights.size(), kD0);
    return check(spec_of(mod_case(select, std::move(weights), std::move(experts))));
  };
  EXPECT_EQ(text("reference", {0.6, 0.4000001}), "");
  EXPECT_NE(text("reference", {0.6, 0.41}), "");
  EXPECT_NE(text("rank", {1.5, -0.5}), "");
  EXPECT_NE(text("rank", {std::nan(""), 0.5}), "");
  EXPECT_NE(text("best", {0.5, 0.5}), "");
}

}  // namespace
}  // namespace mod::test
