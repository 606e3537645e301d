// Perplexity in both conventions against sums over logits that are laid out by hand.
#include "eval/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mix/support.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using namespace mix::test;
using mix::Token;

const std::string kText =
    "Ben has 3 bags with 4 nuts each. What does this program print?\nt = 26\nfor i in range(3):\n"
    "    t = t + 4\nprint(t)\nHow do you say \"I find a heavy doctor\" in French? Zoe fills 10 "
    "jars.";

class Perplexities : public ::testing::Test {
 protected:
  Perplexities()
      : engine_(mix::test::single("base"), test_context()),
        ids_(text::Tokenizer::load(specialist_path("base")).encode(kText, false)) {}

  /// -log p of `target` after `input`, each read as a text of its own.
  double nll(const std::vector<Token>& input, Token target) {
    mix::Stream stream = engine_.start();
    const mix::Step step{&stream, input};
    engine_.advance({&step, 1});
    return -stream.prediction().logprob(target);
  }

  mix::Engine engine_;
  std::vector<Token> ids_;
};

TEST_F(Perplexities, RollingWindowsScoreEveryTokenOnce) {
  constexpr std::size_t kWindow = 24;
  PerplexityOptions options;
  options.window = kWindow;
  options.begin = 0;
  const TextPerplexity got = measure_perplexity(engine_, ids_, options);
  EXPECT_EQ(got.tokens, ids_.size());
  ASSERT_NE(ids_.size() % kWindow, 0u);
  // lm-evaluation-harness: windows of `kWindow` predictions; each starts with the token before its
  // first; the last is as long as the others and counts only what is new.
  double sum = 0;
  std::vector<Token> text = ids_;
  text.insert(text.begin(), 0);
  for (std::size_t i = 1; i < text.size(); ++i) {
    const std::size_t window = (i - 1) / kWindow;
    std::size_t start = window * kWindow;
    if ((window + 1) * kWindow >= text.size()) start = text.size() - 1 - kWindow;
    sum += nll({text.begin() + static_cast<long>(start), text.begin() + static_cast<long>(i)},
               text[i]);
  }
  EXPECT_NEAR(got.nll, sum / static_cast<double>(ids_.size()), 1e-5);
  EXPECT_NEAR(got.ppl, std::exp(got.nll), 1e-9);
  EXPECT_GT(got.stderr_ppl, 0);
}

TEST_F(Perplexities, LlamaCppCountsTheSecondHalfOfWholeWindows) {
  constexpr std::size_t kWindow = 32;
  PerplexityOptions options;
  options.convention = PerplexityConvention::kLlamaCpp;
  options.window = kWindow;
  const TextPerplexity got = measure_perplexity(engine_, ids_, options);
  const std::size_t windows = ids_.size() / kWindow;
  ASSERT_GE(windows, 2u);
  EXPECT_EQ(got.tokens, windows * (kWindow / 2 - 1));
  double sum = 0, squares = 0;
  for (std::size_t w = 0; w < windows; ++w) {
    for (std::size_t i = kWindow / 2; i + 1 < kWindow; ++i) {
      const auto begin = ids_.begin() + static_cast<long>(w * kWindow);
      const double n =
          nll({begin, begin + static_cast<long>(i) + 1}, begin[static_cast<long>(i) + 1]);
      sum += n;
      squares += n * n;
    }
  }
  const auto tokens = static_cast<double>(got.tokens);
  EXPECT_NEAR(got.nll, sum / tokens, 1e-5);
  const double variance = squares / tokens - got.nll * got.nll;
  EXPECT_NEAR(got.stderr_ppl, got.ppl * std::sqrt(variance / (tokens - 1)), 1e-3 * got.ppl);
}

TEST_F(Perplexities, TooShortOrTooLongIsRefused) {
  PerplexityOptions options;
  options.convention = PerplexityConvention::kLlamaCpp;
  EXPECT_THROW(measure_perplexity(engine_, ids_, options), Error);  // less than 2 x 512
  options.convention = PerplexityConvention::kLmEval;
  EXPECT_THROW(measure_perplexity(engine_, std::vector<Token>{5}, options), Error);
  EXPECT_THROW(measure_perplexity(engine_, {}, options), Error);
  options.window = 100000;
  EXPECT_THROW(measure_perplexity(engine_, ids_, options), Error);
}

TEST_F(Perplexities, OneTokenWithABeginTokenIsEnough) {
  PerplexityOptions options;
  options.begin = 0;
  const TextPerplexity got = measure_perplexity(engine_, std::vector<Token>{87}, options);
  EXPECT_EQ(got.tokens, 1u);
  EXPECT_NEAR(got.nll, nll({0}, 87), 1e-5);
}

}  // namespace
}  // namespace mod::eval
