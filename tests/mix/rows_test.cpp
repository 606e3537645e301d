#include <gtest/gtest.h>

#include "rule_support.h"

namespace mod::mix::testing {
namespace {

constexpr std::size_t kVocabulary = 151936;

Context with_threads(int threads) {
  Context context;
  context.threads = threads;
  return context;
}

TEST(Rows, LogSoftmaxWithTemperatureAgainstDouble) {
  for (const std::size_t n : {std::size_t{1}, std::size_t{5}, kPiece, kPiece + 1, kVocabulary}) {
    const Row logits = random_logits(n, 1, 8);
    for (const double temperature : {1.0, 0.7, 2.5}) {
      Row out(n);
      const RowSummary summary = log_softmax(logits, temperature, out, {});
      double most = -INFINITY, sum = 0, entropy = 0;
      for (const float z : logits) most = std::max(most, z / temperature);
      for (const float z : logits) sum += std::exp(z / temperature - most);
      const double total_log = most + std::log(sum);
      for (std::size_t i = 0; i < n; ++i) {
        const double exact = logits[i] / temperature - total_log;
        // Four roundings of numbers of this size, and the sum's error.
        const double room = 4e-6 + 0x1p-23 * (std::abs(exact) + std::abs(most));
        ASSERT_NEAR(out[i], exact, room) << n << " T " << temperature;
        entropy -= std::exp(exact) * exact;
      }
      EXPECT_NEAR(summary.log_sum_exp(), total_log, 4e-6);
      EXPECT_NEAR(summary.entropy, entropy, 1e-5 * (1 + entropy));
      EXPECT_NEAR(summary.log_largest(), most - total_log, 4e-6);
    }
  }
}

TEST(Rows, UniformAndCertainRows) {
  Row out(1000);
  EXPECT_NEAR(log_softmax(Row(1000, 4.0f), 1, out, {}).entropy, std::log(1000.0), 1e-6);
  Row certain(1000, kMasked);
  certain[123] = -7;
  EXPECT_EQ(log_softmax(certain, 1, out, {}).entropy, 0);
  EXPECT_EQ(out[123], 0);
  EXPECT_EQ(out[122], kMasked);
}

TEST(Rows, BitsDoNotDependOnThreadsOrPlace) {
  const Row logits = random_logits(kVocabulary, 2, 8), other = random_row(kVocabulary, 3);
  Row expected(kVocabulary);
  const RowSummary first = log_softmax(logits, 0.8, expected, with_threads(1));
  const Row mix = mixed("linear", {expected, other}, logs({0.3, 0.7}), {}, with_threads(1));
  const Row proxy = mixed("proxy", {expected, other, mix}, {}, {1.3}, with_threads(1));
  for (const int threads : {2, 3, 7}) {
    Row out = logits;
    const RowSummary summary = log_softmax(out, 0.8, out, with_threads(threads));
    EXPECT_EQ(out, expected);
    EXPECT_EQ(summary.entropy, first.entropy);
    EXPECT_EQ(summary.log_sum, first.log_sum);
    EXPECT_EQ(mixed("linear", {out, other}, logs({0.3, 0.7}), {}, with_threads(threads)), mix);
    EXPECT_EQ(mixed("proxy", {out, other, mix}, {}, {1.3}, with_threads(threads)), proxy);
  }
}

TEST(Rows, ARowOfOnlyMaskedTokensIsDefined) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{3}, 2 * kPiece + 5}) {
    const Row masked(n, kMasked);
    Row out(n, 1.0f);
    const RowSummary summary = log_softmax(masked, 0.5, out, {});
    EXPECT_EQ(out, masked);
    EXPECT_EQ(summary.log_sum_exp(), -INFINITY);
    EXPECT_EQ(summary.entropy, 0);
  }
}

TEST(Rows, MaskedPiecesDoNotCount) {
  Row row(3 * kPiece, kMasked), out(3 * kPiece);
  row[2 * kPiece + 1] = 5;
  row[2 * kPiece + 2] = 5;
  const RowSummary summary = log_softmax(row, 1, out, {});
  EXPECT_NEAR(summary.entropy, std::log(2.0), 1e-7);
  EXPECT_NEAR(out[2 * kPiece + 1], -std::log(2.0), 1e-7);
  EXPECT_EQ(out[0], kMasked);
}

TEST(Rows, NaNIsSeen) {
  for (const float special : {NAN, INFINITY}) {
    for (const float rest : {0.0f, kMasked}) {
      Row row(2 * kPiece, rest), out(2 * kPiece);
      row[kPiece + 3] = special;
      const RowSummary summary = log_softmax(row, 1, out, {});
      EXPECT_TRUE(std::isnan(summary.entropy));
      for (const float v : out) ASSERT_TRUE(std::isnan(v));
    }
  }
}

TEST(Rows, BestTokenAndRank) {
  Row row = random_row(kVocabulary, 4);
  row[9000] = row[140000] = 1;
  EXPECT_EQ(best_token(row, {}), 9000u);
  EXPECT_EQ(rank_of(row, 9000, {}), 1u);
  EXPECT_EQ(rank_of(row, 140000, {}), 2u);
  row[5] = kMasked;
  EXPECT_EQ(rank_of(row, 5, {}), kVocabulary);
  EXPECT_EQ(best_token(Row(10, kMasked), {}), 0u);
  Row first_nan(2 * kPiece, NAN);
  first_nan[kPiece + 7] = -3;
  EXPECT_EQ(best_token(first_nan, {}), kPiece + 7);
}

TEST(Rows, JensenShannonOfTwoCoins) {
  // H(0.5 (0.9, 0.1) + 0.5 (0.1, 0.9)) - H(0.9, 0.1) = ln 2 - 0.32508297
  const double entropies[] = {0.3250829733914482, 0.3250829733914482}, weights[] = {0.5, 0.5};
  EXPECT_NEAR(jensen_shannon(std::log(2.0), entropies, weights), 0.3680642071684971, 1e-12);
}

}  // namespace
}  // namespace mod::mix::testing
