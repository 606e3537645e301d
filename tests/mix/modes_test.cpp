// Modes: which experts are evaluated, and that it changes nothing but the cost.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>

#include "mix/mixture_support.h"
#include "mix/rows.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

using namespace test;

const std::vector<std::string> kNames = {"math", "code", "french"};

std::vector<std::string> questions(const std::string& task, std::size_t count) {
  std::ifstream stream(specialist_path("tasks") / (task + ".test.jsonl"));
  std::vector<std::string> out;
  for (std::string line; out.size() < count && std::getline(stream, line);) {
    out.push_back(question(nlohmann::json::parse(line)["question"]));
  }
  return out;
}

/// Pearson's statistic less its mean, in standard deviations of the chi-square distribution.
/// Tokens that are expected less than 10 times are one bin.
double excess(const std::vector<std::size_t>& counts, const std::vector<double>& log_p, double n) {
  double statistic = 0, bins = -1, rest = 0, rest_seen = 0;
  const auto add = [&](double seen, double want) {
    statistic += (seen - want) * (seen - want) / want;
    ++bins;
  };
  for (std::size_t v = 0; v < counts.size(); ++v) {
    const double want = n * std::exp(log_p[v]), seen = static_cast<double>(counts[v]);
    if (want >= 10) {
      add(seen, want);
    } else {
      rest += want, rest_seen += seen;
    }
  }
  if (rest >= 10) add(rest_seen, rest);
  return (statistic - bins) / std::sqrt(2 * bins);
}

// Counts of the next token over many seeds. The wrong rule (weights .6/.4 in place of .5/.5) is
// told apart at every position, by hundreds of standard deviations where experts differ.
TEST(DrawMode, HasTheDistributionOfExact) {
  constexpr std::size_t kSamples = 20000;
  const std::vector<std::string> names = {"math", "french"};
  Engine exact = engine_of(mixture_of(names, {0.5, 0.5}));
  Engine wrong = engine_of(mixture_of(names, {0.6, 0.4}));
  Engine draw = engine_of(mixture_of(names, {0.5, 0.5}, "fixed", "linear", ModeKind::kDraw));
  const Prompt prompt = text_prompt(encode(kCodeText));
  const std::vector<Token> answer = encode("5 + 2");
  Stream a = read_prompt(exact, prompt), b = read_prompt(draw, prompt),
         c = read_prompt(wrong, prompt);
  for (std::size_t place = 0; place < 2; ++place) {
    std::vector<std::size_t> counts(draw.vocabulary());
    for (std::uint64_t seed = 0; seed < kSamples; ++seed) {
      b.set_seed(seed);
      advance(draw, b);
      ASSERT_FALSE(b.prediction().is_mixture);
      Sampler sampler({.temperature = 1, .seed = seed}, draw.context());
      ++counts[static_cast<std::size_t>(sampler.choose(b.prediction()))];
    }
    EXPECT_LT(std::abs(excess(counts, logprobs_of(a.prediction()), kSamples)), 5) << place;
    EXPECT_GT(excess(counts, logprobs_of(c.prediction()), kSamples), 10) << place;
    const std::vector<Token> next = {answer[place]};
    advance(exact, a, next);
    advance(draw, b, next);
    advance(wrong, c, next);
  }
}

TEST(DrawMode, ReplaysWithItsSeedAndEvaluatesOneExpertAToken) {
  const Mixture mixture = mixture_of(kNames, {0.5, 0.3, 0.2}, "fixed", "linear", ModeKind::kDraw);
  const auto one = answer_ids(mixture, kMathText, sampled(40, 5));
  EXPECT_EQ(answer_ids(mixture, kMathText, sampled(40, 5)), one);
  EXPECT_NE(answer_ids(mixture, kMathText, sampled(40, 6)), one);
  Engine engine = engine_of(mixture);
  const Generation got = generate(engine, text_prompt(encode(kMathText)), sampled(40, 5));
  const auto passes = got.forward_passes();
  // The prompt by all, then one expert for each of the other tokens.
  EXPECT_EQ(passes[0] + passes[1] + passes[2], 3u + 39u);
  EXPECT_GT(passes[0], passes[2]);
}

// With the posterior of the prompt as weights, and again in a second turn.
TEST(DrawMode, HearsThePromptAndTheAnswerBeforeTheNext) {
  const std::vector<std::string> names = {"math", "french"};
  for (const char* gate : {"prompt", "turn"}) {
    Mixture mixture = mixture_of(names, {}, gate, "linear", ModeKind::kDraw);
    mixture.gate_parameters = {30};
    Engine draw = engine_of(mixture);
    mixture.mode.kind = ModeKind::kExact;
    Engine exact = engine_of(mixture);
    Stream a = read_prompt(draw, text_prompt(encode(kMathText)));
    Stream b = read_prompt(exact, text_prompt(encode(kMathText)));
    std::vector<Token> text = encode(kMathText);
    for (const Token token : encode("3 * 4 = 12\n\\boxed{12}")) {
      expect_near(weights_of(a.prediction()), weights_of(b.prediction()), 1e-9, gate);
      advance(draw, a, {token});
      advance(exact, b, {token});
      text.push_back(token);
    }
    for (const Token token : encode("<|im_end|>\n" + kFrenchText)) text.push_back(token);
    a.rewrite(text_prompt(text));
    // A forced beginning of the answer comes with the prompt.
    advance(draw, a, {5, 6});
    b.rewrite(text_prompt(text));
    advance(exact, b, {5, 6});
    expect_near(weights_of(a.prediction()), weights_of(b.prediction()), 1e-9, gate);
  }
}

// Experts that were left out and caught up in batches are where those are that read every token.
TEST(LazilyFilledCaches, EqualEagerOnes) {
  const Mixture eager = mixture_of(kNames, {0.5, 0.3, 0.2});
  for (const ModeKind mode : {ModeKind::kDraw, ModeKind::kCertified, ModeKind::kLazy}) {
    Mixture mixture = eager;
    mixture.mode.kind = mode;
    if (mode == ModeKind::kLazy) mixture.weights = {0.996, 0.002, 0.002};
    const bool samples = mode == ModeKind::kDraw;
    Engine lazy = engine_of(mixture);
    Generation got =
        generate(lazy, text_prompt(encode(kMathText)), samples ? sampled(30, 2) : greedy(30));
    // Every expert's next row, by scoring one more token with all of them.
    const std::vector<Token> next = {got.tokens().back().id};
    std::vector<std::vector<float>> rows;
    lazy.score(got.stream(), next, [&](std::size_t, const Prediction& prediction) {
      for (const Opinion& opinion : prediction.experts) {
        rows.emplace_back(opinion.scores.begin(), opinion.scores.end());
      }
    });
    Engine all = engine_of(eager);
    Stream stream = read_prompt(all, text_prompt(encode(kMathText)));
    for (const WrittenToken& token : got.tokens()) advance(all, stream, {token.id});
    ASSERT_EQ(rows.size(), 3u);
    for (std::size_t k = 0; k < 3; ++k) {
      const auto wanted = stream.prediction().experts[k].scores;
      EXPECT_EQ(rows[k], std::vector<float>(wanted.begin(), wanted.end())) << int(mode) << k;
    }
  }
}

// Side by side, because that is how thousands of tokens come quickly.
std::vector<std::vector<Token>> answer_all(Engine& engine, const std::vector<std::string>& prompts,
                                           const GenerationOptions& options,
                                           std::vector<std::uint64_t>* passes = nullptr) {
  std::vector<Generation> all;
  for (const std::string& prompt : prompts) {
    GenerationOptions own = options;
    own.sampling.seed += all.size();
    all.emplace_back(engine, engine.start(), text_prompt(encode(prompt)), own, nullptr);
  }
  for (;;) {
    std::vector<Step> steps;
    std::vector<Generation*> going;
    for (Generation& one : all) {
      if (one.done()) continue;
      steps.push_back(one.next());
      going.push_back(&one);
    }
    if (steps.empty()) break;
    engine.advance(steps);
    for (Generation* one : going) one->choose();
  }
  std::vector<std::vector<Token>> ids;
  for (const Generation& one : all) {
    ids.push_back(ids_of(one));
    for (std::size_t k = 0; passes && k < passes->size(); ++k) {
      (*passes)[k] += one.forward_passes()[k];
    }
  }
  return ids;
}

// 3 x 12 answers of 60 tokens for each of the weights: 6,480 tokens.
TEST(CertifiedMode, IsFullGreedy) {
  std::vector<std::string> prompts;
  for (const std::string task : {"math", "code", "french"}) {
    for (const std::string& prompt : questions(task, 12)) prompts.push_back(prompt);
  }
  struct Case {
    std::vector<std::string> names;
    std::vector<double> weights;
    bool skips;
  };
  for (const Case& c :
       {Case{{"math", "code"}, {0.8, 0.2}, true}, Case{kNames, {0.6, 0.3, 0.1}, true},
        Case{{"math", "code"}, {1, 1}, false}}) {
    Engine exact = engine_of(mixture_of(c.names, c.weights));
    Engine certified =
        engine_of(mixture_of(c.names, c.weights, "fixed", "linear", ModeKind::kCertified));
    std::vector<std::uint64_t> all(c.names.size()), fewer(c.names.size());
    EXPECT_EQ(answer_all(certified, prompts, greedy(60), &fewer),
              answer_all(exact, prompts, greedy(60), &all));
    EXPECT_EQ(fewer[0], all[0]);
    for (std::size_t k = 1; k < fewer.size(); ++k) {
      EXPECT_EQ(fewer[k] < all[k], c.skips) << c.weights[0] << " " << fewer[k] << " " << all[k];
    }
  }
}

TEST(LazyMode, StaysWithinEpsilonAndSavesPasses) {
  for (const char* gate : {"share", "turn"}) {
    Mixture mixture = mixture_of(kNames, {}, gate, "linear", ModeKind::kLazy);
    Engine lazy = engine_of(mixture);
    mixture.mode.kind = ModeKind::kExact;
    Engine exact = engine_of(mixture);
    const Prompt prompt = text_prompt(encode(kFrenchText));
    Stream a = read_prompt(lazy, prompt), b = read_prompt(exact, prompt);
    std::string weights;
    for (const double w : weights_of(b.prediction())) weights += std::to_string(w) + " ";
    SCOPED_TRACE(std::string(gate) + " weights " + weights);
    const std::size_t length = 40;
    double most = 0;
    for (std::size_t i = 0; i < length; ++i) {
      const Prediction& got = a.prediction();
      if (i <= mixture.mode.lag) {
        EXPECT_EQ(scores_of(got), scores_of(b.prediction())) << "token " << i << " is not exact";
      }
      // The exact mixture of the experts' rows under the weights that the lazy one knows.
      std::vector<double> want(lazy.vocabulary(), 0);
      for (std::size_t k = 0; k < 3; ++k) {
        const Opinion& opinion = b.prediction().experts[k];
        for (std::size_t v = 0; v < want.size(); ++v) {
          want[v] += got.experts[k].weight * std::exp(opinion.logprob(static_cast<Token>(v)));
        }
      }
      for (double& p : want) p = std::log(p);
      most = std::max(most, total_variation(logprobs_of(got), want));
      const std::vector<Token> next = {static_cast<Token>(best_token(got.scores, {}))};
      advance(lazy, a, next);
      advance(exact, b, next);
    }
    EXPECT_LE(most, mixture.mode.epsilon + 1e-5) << gate;
    EXPECT_EQ(b.forward_passes(), (std::vector<std::uint64_t>(3, length + 1)));
    const auto passes = a.forward_passes();
    EXPECT_LT(passes[0] + passes[1] + passes[2], 3 * (length + 1))
        << passes[0] << " " << passes[1] << " " << passes[2];
  }
}

// The gate hears what the others think of the tokens that they missed, and the lead goes over.
TEST(LazyMode, HandsOverTheLead) {
  Mixture mixture = mixture_of({"math", "french"}, {}, "share", "linear", ModeKind::kLazy);
  Engine lazy = engine_of(mixture);
  mixture.mode.kind = ModeKind::kExact;
  Engine exact = engine_of(mixture);
  const Prompt prompt = text_prompt(encode(kMathText));
  Stream a = read_prompt(lazy, prompt), b = read_prompt(exact, prompt);
  for (const Token token :
       encode("3 * 4 = 12\n\\boxed{12}<|im_end|>\n" + kFrenchText + "\\boxed{je trouve un chat}")) {
    advance(lazy, a, {token});
    advance(exact, b, {token});
  }
  EXPECT_GT(b.prediction().experts[1].weight, 0.9);
  EXPECT_GT(a.prediction().experts[1].weight, 0.9);
  EXPECT_LT(a.forward_passes()[1], b.forward_passes()[1]);
}

TEST(Batches, GiveTheSameTokensAsOneByOneInEveryMode) {
  const std::vector<std::string> prompts = {kMathText, kFrenchText, kCodeText};
  for (const ModeKind mode :
       {ModeKind::kExact, ModeKind::kDraw, ModeKind::kCertified, ModeKind::kLazy}) {
    const bool lazy = mode == ModeKind::kLazy;
    Mixture mixture =
        mixture_of(kNames, lazy ? std::vector<double>{} : std::vector<double>{5, 3, 2},
                   lazy ? "share" : "turn", "linear", mode);
    const GenerationOptions options = mode == ModeKind::kDraw ? sampled(25, 9) : greedy(25);
    Engine engine = engine_of(mixture);
    const auto together = answer_all(engine, prompts, options);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      GenerationOptions own = options;
      own.sampling.seed += i;
      EXPECT_EQ(answer_ids(mixture, prompts[i], own), together[i]) << int(mode) << i;
    }
  }
}

TEST(Threads, ChangeNothing) {
  const Mixture mixture = mixture_of(kNames, {}, "share");
  std::vector<Token> first;
  for (int threads = 1; threads <= 4; ++threads) {
    Engine engine(mixture, test_context(threads));
    const auto ids = ids_of(generate(engine, text_prompt(encode(kCodeText)), sampled(12, 4)));
    if (threads == 1) first = ids;
    EXPECT_EQ(ids, first) << threads;
  }
}

TEST(Failures, LeaveStreamsAsTheyWere) {
  for (const ModeKind mode :
       {ModeKind::kExact, ModeKind::kDraw, ModeKind::kCertified, ModeKind::kLazy}) {
    const bool fixed = mode == ModeKind::kDraw || mode == ModeKind::kCertified;
    const Mixture mixture =
        mixture_of(kNames, fixed ? std::vector<double>{5, 3, 2} : std::vector<double>{},
                   fixed ? "fixed" : "share", "linear", mode);
    std::atomic<bool> stop{false};
    Context context = test_context(1);
    context.cancelled = &stop;
    Engine engine(mixture, context);
    const GenerationOptions options = mode == ModeKind::kDraw ? sampled(20, 3) : greedy(20);
    const auto want = ids_of(generate(engine, text_prompt(encode(kMathText)), options));
    Generation again(engine, engine.start(), text_prompt(encode(kMathText)), options, nullptr);
    while (!again.done()) {
      const Step next = again.next();
      stop = true;
      EXPECT_THROW(engine.advance({&next, 1}), Error);
      stop = false;
      // An id that there is not.
      const std::vector<Token> bad = {5, 99999};
      const Step wrong{&again.stream(), bad};
      EXPECT_THROW(engine.advance({&wrong, 1}), Error);
      engine.advance({&next, 1});
      again.choose();
    }
    EXPECT_EQ(ids_of(again), want) << int(mode);
  }
}

TEST(Failures, AFailingVisitorLeavesTheTextAsItWas) {
  Engine engine = engine_of(mixture_of(kNames, {}, "share"));
  const std::vector<Token> ids = encode(kMathText);
  Stream stream = engine.start(), fresh = engine.start();
  engine.score(stream, std::span(ids).first(10), [](std::size_t, const Prediction&) {});
  EXPECT_THROW(engine.score(stream, std::span(ids).subspan(10),
                            [](std::size_t at, const Prediction&) {
                              if (at == 14) throw Error(ErrorCode::kCancelled, "enough");
                            }),
               Error);
  EXPECT_EQ(stream.length(), 10u);
  std::vector<std::vector<double>> a, b;
  engine.score(stream, std::span(ids).subspan(10), [&](std::size_t, const Prediction& prediction) {
    a.push_back(weights_of(prediction));
  });
  engine.score(fresh, ids, [&](std::size_t at, const Prediction& prediction) {
    if (at >= 10) b.push_back(weights_of(prediction));
  });
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace mod::mix
