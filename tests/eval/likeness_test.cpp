// Top-1 agreement and Jensen-Shannon distance; golden values by scipy 1.17 (jensenshannon).
#include "eval/likeness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "eval/likeness_texts.h"
#include "mix/support.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using Rows = std::vector<std::vector<float>>;

std::vector<float> logs_of(const std::vector<double>& probabilities) {
  std::vector<float> out;
  for (const double p : probabilities) out.push_back(static_cast<float>(std::log(p)));
  return out;
}

const Rows& small_rows() {
  static const Rows rows = {logs_of({.5, .25, .125, .125}), logs_of({.125, .5, .25, .125}),
                            logs_of({1, 0, 0, 0}), logs_of({0, 0, .5, .5})};
  return rows;
}

/// Made-up logits, normalised: wider than one block.
std::vector<float> large_row(std::uint64_t seed) {
  std::vector<double> logits;
  for (int i = 0; i < 20000; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    logits.push_back(12 * static_cast<double>(seed >> 40) / static_cast<double>(1 << 24));
  }
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  std::vector<float> out;
  for (const double logit : logits) out.push_back(static_cast<float>(logit - std::log(sum)));
  return out;
}

/// rows[row][position], as a reader of likeness_matrices.
LikenessInput input_of(const std::vector<Rows>& rows) {
  LikenessInput input{rows.size(), rows[0].size(), 0, {}};
  for (const Rows& row : rows) input.vocabulary = std::max(input.vocabulary, row[0].size());
  input.read = [&rows](std::size_t row, std::size_t position, std::size_t first,
                       std::span<float> out) {
    const std::vector<float>& all = rows[row][position];
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = first + i < all.size() ? all[first + i] : -std::numeric_limits<float>::infinity();
    }
  };
  return input;
}

LikenessMatrices matrices_of(const std::vector<Rows>& rows, int threads = 2) {
  return likeness_matrices(input_of(rows), mix::test::test_context(threads));
}

TEST(JensenShannon, IsThatOfScipy) {
  const double golden[4][4] = {{0, .3034613747553982, .464501404022459, .6167622441821304},
                               {0, 0, .7049320014357696, .5459657590854089},
                               {0, 0, 0, .8325546111576977}};
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = a + 1; b < 4; ++b) {
      EXPECT_NEAR(jensen_shannon_distance(small_rows()[a], small_rows()[b]), golden[a][b], 1e-7);
    }
  }
  EXPECT_NEAR(jensen_shannon_distance(large_row(1), large_row(2)), .7112212546782327, 1e-6);
  EXPECT_NEAR(jensen_shannon_distance(large_row(1), large_row(3)), .7093978611287417, 1e-6);
}

TEST(JensenShannon, IsAMetricWithinItsBound) {
  const double most = std::sqrt(std::numbers::ln2);
  for (const auto& a : small_rows()) {
    EXPECT_EQ(jensen_shannon_distance(a, a), 0);
    for (const auto& b : small_rows()) {
      const double ab = jensen_shannon_distance(a, b);
      EXPECT_EQ(ab, jensen_shannon_distance(b, a));
      EXPECT_LE(ab, most);
      for (const auto& c : small_rows()) {
        EXPECT_LE(ab, jensen_shannon_distance(a, c) + jensen_shannon_distance(c, b) + 1e-12);
      }
    }
  }
  // Rounding must not bring it beyond its bounds, nor hide that a number is missing.
  EXPECT_EQ(jensen_shannon_distance(logs_of({1.0001, 0}), logs_of({0, 1.0001})), most);
  const std::vector<float> none = {std::nanf(""), 0};
  EXPECT_TRUE(std::isnan(jensen_shannon_distance(none, logs_of({.5, .5}))));
}

TEST(LikenessMatrices, AreMeansOverPositions) {
  const Rows& r = small_rows();
  const LikenessMatrices m = matrices_of({{r[0], r[1]}, {r[1], r[1]}, {r[2], r[3]}});
  EXPECT_EQ(m.top1, (std::vector<std::vector<double>>{{1, .5, .5}, {.5, 1, 0}, {.5, 0, 1}}));
  EXPECT_NEAR(m.jensen_shannon[0][1], .3034613747553982 / 2, 1e-7);
  EXPECT_NEAR(m.jensen_shannon[0][2], (.464501404022459 + .5459657590854089) / 2, 1e-7);
  for (std::size_t a = 0; a < 3; ++a) {
    EXPECT_EQ(m.jensen_shannon[a][a], 0);
    for (std::size_t b = 0; b < 3; ++b) {
      EXPECT_EQ(m.jensen_shannon[a][b], m.jensen_shannon[b][a]);
    }
  }
}

TEST(LikenessMatrices, JoinBlocksAndDoNotDependOnThreads) {
  std::vector<Rows> rows;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) rows.push_back({large_row(seed)});
  ASSERT_GT(rows[0][0].size(), 2 * kLikenessBlock);
  rows.push_back(rows[0]);
  const LikenessMatrices one = matrices_of(rows, 1), four = matrices_of(rows, 4);
  EXPECT_EQ(one.jensen_shannon, four.jensen_shannon);
  EXPECT_NEAR(one.jensen_shannon[1][2], .7111562661403054, 1e-6);
  EXPECT_EQ(one.jensen_shannon[0][3], 0);
  EXPECT_EQ(one.top1[0], (std::vector<double>{1, 0, 0, 1}));
}

TEST(LikenessMatrices, PaddingOfAVocabularyHasNoProbability) {
  std::vector<float> wide = small_rows()[0];
  wide.insert(wide.end(), 5, -std::numeric_limits<float>::infinity());
  const LikenessMatrices m = matrices_of({{small_rows()[0]}, {wide}});
  EXPECT_EQ(m.jensen_shannon[0][1], 0);
  EXPECT_EQ(m.top1[0][1], 1);
}

TEST(LikenessMatrices, TheLowestOfEqualTokensIsTheMostProbable) {
  const LikenessMatrices m = matrices_of({{logs_of({.4, .4, .2})}, {logs_of({.4, .35, .25})}});
  EXPECT_EQ(m.top1[0][1], 1);
}

TEST(LikenessMatrices, CanBeStopped) {
  const std::vector<Rows> rows = {{small_rows()[0]}, {small_rows()[1]}};
  const std::atomic<bool> stop{true};
  Context context = mix::test::test_context();
  context.cancelled = &stop;
  EXPECT_THROW(likeness_matrices(input_of(rows), context), Error);
}

TEST(LikenessTexts, PlacesAreEvenlySpread) {
  EXPECT_EQ(evenly_spread(10, 2), (std::vector<std::size_t>{2, 7}));
  EXPECT_EQ(evenly_spread(9, 1), (std::vector<std::size_t>{4}));
  EXPECT_EQ(evenly_spread(3, 8), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(evenly_spread(0, 4).empty());
  EXPECT_TRUE(evenly_spread(4, 0).empty());
}

}  // namespace
}  // namespace mod::eval
