// Weights of gates in the engine, against what single models say of the same text, in fp64.
#include <gtest/gtest.h>

#include "mix/mixture_support.h"

namespace mod::mix {
namespace {

using namespace test;
using Numbers = std::vector<double>;

const std::vector<std::string> kNames = {"math", "code", "french"};

Numbers normalised(Numbers logs) {
  const double total = log_sum_exp(logs);
  for (double& x : logs) x = std::exp(x - total);
  return logs;
}

/// prior x product of the probabilities of scores[first..last).
Numbers posterior(const Numbers& prior, const std::vector<Numbers>& scores, std::size_t first,
                  std::size_t last, double tau) {
  Numbers logs;
  for (std::size_t k = 0; k < prior.size(); ++k) {
    double sum = 0;
    for (std::size_t t = first; t < last; ++t) sum += scores[t][k];
    logs.push_back(std::log(prior[k]) + sum / tau);
  }
  return normalised(logs);
}

/// P(expert that writes the next token | scores[1..last)): the forward algorithm of a hidden Markov
/// model that stays with probability 1 - s + s/N and goes to each other state with s/N, over
/// probabilities, scaled at each step.
Numbers forward(Numbers state, const std::vector<Numbers>& scores, std::size_t last, double s) {
  const std::size_t n = state.size();
  const double away = s / static_cast<double>(n);
  for (std::size_t t = 1; t < last; ++t) {
    Numbers seen(n), next(n, 0);
    double total = 0;
    for (std::size_t k = 0; k < n; ++k) total += seen[k] = state[k] * std::exp(scores[t][k]);
    for (std::size_t from = 0; from < n; ++from) {
      for (std::size_t to = 0; to < n; ++to) {
        next[to] += seen[from] / total * (from == to ? 1 - s + away : away);
      }
    }
    state = next;
  }
  return state;
}

/// What a gate has to say after the first `heard` tokens of a prompt of `prompt` tokens whose last
/// turn begins at `turn`; the rest is the answer.
Numbers expected(const std::string& gate, const Numbers& prior, const std::vector<Numbers>& scores,
                 std::size_t heard, std::size_t turn, std::size_t prompt) {
  const std::size_t end = std::min(heard, prompt);
  if (gate == "prompt") return posterior(prior, scores, 1, std::max<std::size_t>(end, 1), 1);
  if (gate == "turn") return posterior(prior, scores, std::max<std::size_t>(turn, 1), end, 1);
  if (gate == "share") return forward(prior, scores, heard, 0.01);
  return prior;
}

const char* const kGates[] = {"fixed", "prompt", "turn", "share"};

TEST(GateWeights, OfAScoredTextAreThoseComputedApart) {
  const std::vector<Token> ids = encode(kFrenchText + "\\boxed{");
  const auto scores = token_scores(kNames, ids);
  const Numbers prior = {0.5, 0.3, 0.2};
  for (const std::string gate : kGates) {
    Engine engine = engine_of(mixture_of(kNames, prior, gate.c_str()));
    Stream stream = engine.start();
    std::size_t seen = 0;
    // In two calls: the second goes on where the first ended.
    const auto check = [&](std::size_t t, const Prediction& prediction) {
      EXPECT_EQ(t, seen++);
      expect_near(weights_of(prediction), expected(gate, prior, scores, t + 1, 0, ids.size()), 1e-4,
                  gate + " " + std::to_string(t));
    };
    engine.score(stream, std::span(ids).first(9), check);
    engine.score(stream, std::span(ids).subspan(9), check);
    EXPECT_EQ(seen, ids.size());
    // After a cut the next call begins in the middle of a text whose predictions are gone.
    stream.truncate(5);
    seen = 5;
    engine.score(stream, std::span(ids).subspan(5), check);
  }
}

TEST(GateWeights, TauAndRateAreUsed) {
  const std::vector<Token> ids = encode(kCodeText);
  const auto scores = token_scores(kNames, ids);
  const Numbers prior(3, 1.0 / 3);
  Mixture mixture = mixture_of(kNames, {}, "prompt");
  mixture.gate_parameters = {20};
  Mixture sharing = mixture_of(kNames, {}, "share");
  sharing.gate_parameters = {0.2, 1};
  Engine a = engine_of(mixture), b = engine_of(sharing);
  Stream x = read_prompt(a, text_prompt(ids)), y = read_prompt(b, text_prompt(ids));
  expect_near(weights_of(x.prediction()), posterior(prior, scores, 1, ids.size(), 20), 1e-4);
  expect_near(weights_of(y.prediction()), forward(prior, scores, ids.size(), 0.2), 1e-4);
}

/// A context and a last turn.
Prompt two_parts(const std::vector<Token>& context, const std::vector<Token>& turn) {
  Piece first, second;
  first.tokens = context;
  first.part = Part::kContext;
  second.tokens = turn;
  second.starts_turn = true;
  return {first, second};
}

std::vector<Token> joined(std::vector<Token> a, const std::vector<Token>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(GateWeights, WhileAnsweringAreThoseComputedApart) {
  const std::vector<Token> context = encode(kMathText + "3 * 4 = 12\n\\boxed{12}<|im_end|>\n");
  const std::vector<Token> turn = encode(kFrenchText), answer = encode("\\boxed{je trouve un");
  const std::vector<Token> all = joined(joined(context, turn), answer);
  const auto scores = token_scores(kNames, all);
  const std::size_t prompt = context.size() + turn.size();
  const Numbers prior(3, 1.0 / 3);
  for (const std::string gate : kGates) {
    Engine engine = engine_of(mixture_of(kNames, {1, 1, 1}, gate.c_str()));
    Stream stream = read_prompt(engine, two_parts(context, turn));
    for (std::size_t t = 0; t <= answer.size(); ++t) {
      expect_near(weights_of(stream.prediction()),
                  expected(gate, prior, scores, prompt + t, context.size(), prompt), 1e-4,
                  gate + " " + std::to_string(t));
      if (t < answer.size()) advance(engine, stream, {answer[t]});
    }
  }
}

/// The next prediction is that of a fresh stream, whatever the stream has read before.
void expect_as_fresh(Engine& engine, Stream& used, const Prompt& prompt, const std::string& where) {
  Stream fresh = read_prompt(engine, prompt);
  used.rewrite(prompt);
  advance(engine, used);
  expect_near(weights_of(used.prediction()), weights_of(fresh.prediction()), 1e-6, where);
  EXPECT_LT(total_variation(logprobs_of(used.prediction()), logprobs_of(fresh.prediction())), 1e-6)
      << where;
}

TEST(GateWeights, OfARewrittenTextAreThoseOfAFreshOne) {
  const std::vector<Token> math = encode(kMathText), french = encode(kFrenchText),
                           code = encode(kCodeText), answer = encode("3 * 4 = 12\n\\boxed{12}"),
                           end = encode("<|im_end|>\n");
  for (const std::string gate : {"fixed", "prompt", "turn", "share", "entropy"}) {
    const Numbers prior = gate == "fixed" ? Numbers{0.5, 0.3, 0.2} : Numbers{};
    Engine engine = engine_of(mixture_of(kNames, prior, gate.c_str()));
    Stream stream = read_prompt(engine, text_prompt(math));
    for (const Token token : answer) advance(engine, stream, {token});
    const std::vector<Token> first = joined(joined(math, answer), end);
    const std::uint64_t before = stream.forward_passes()[0];
    expect_as_fresh(engine, stream, two_parts(first, french), gate + ": a second turn");
    EXPECT_EQ(stream.forward_passes()[0], before + 1);
    // What was a turn and its answer is one turn now; what was context is the turn.
    expect_as_fresh(engine, stream, text_prompt(joined(math, answer)), gate + ": all one turn");
    expect_as_fresh(engine, stream, two_parts(math, answer), gate + ": the end is the turn");
    expect_as_fresh(engine, stream, text_prompt(math), gate + ": the beginning");
    expect_as_fresh(engine, stream, text_prompt(code), gate + ": another text");
  }
}

Prompt views(const std::vector<std::string>& beginnings, const std::vector<Token>& text,
             const std::vector<std::string>& ends) {
  Piece first, second, third;
  for (const std::string& beginning : beginnings) first.views.push_back(encode(beginning));
  first.part = third.part = Part::kContext;
  second.tokens = text;
  second.starts_turn = true;
  for (const std::string& end : ends) third.views.push_back(encode(end));
  return {first, second, third};
}

// Experts with views of their own: gates hear what all read, each expert in its own context.
TEST(GateWeights, OfViewsHearTheSharedTokensOnly) {
  const std::vector<std::string> names = {"math", "french"};
  const std::vector<std::string> beginnings = {"<|im_start|>user\n", "Say in French: "};
  const std::vector<std::string> ends = {"<|im_end|>\n<|im_start|>assistant\n", "\n"};
  const std::vector<Token> text = encode("I find a cat");
  const Prompt prompt = views(beginnings, text, ends);
  Numbers sums;
  std::vector<Numbers> rows;
  for (std::size_t k = 0; k < 2; ++k) {
    const std::vector<Token> begin = encode(beginnings[k]);
    const std::vector<Token> all = joined(joined(begin, text), encode(ends[k]));
    const auto scores = token_scores({names[k]}, all);
    double sum = 0;
    for (std::size_t t = 0; t < text.size(); ++t) sum += scores[begin.size() + t][0];
    sums.push_back(sum);
    rows.push_back(rows_of(alone(names[k]), all).back());
  }
  for (const char* gate : {"prompt", "turn"}) {
    Engine engine = engine_of(mixture_of(names, {}, gate));
    Stream stream = read_prompt(engine, prompt);
    const Numbers want = normalised(sums);
    expect_near(weights_of(stream.prediction()), want, 1e-4, gate);
    Numbers mixed;
    for (std::size_t v = 0; v < rows[0].size(); ++v) {
      mixed.push_back(std::log(want[0] * std::exp(rows[0][v]) + want[1] * std::exp(rows[1][v])));
    }
    EXPECT_LT(total_variation(logprobs_of(stream.prediction()), mixed), 1e-4);
    // Texts of unequal length go on with the same tokens, scored or appended.
    const std::vector<Token> more = encode("je trouve");
    std::vector<std::vector<float>> appended;
    for (const Token token : more) {
      advance(engine, stream, {token});
      appended.push_back(scores_of(stream.prediction()));
    }
    Stream again = read_prompt(engine, prompt);
    std::size_t at = 0;
    engine.score(again, more, [&](std::size_t, const Prediction& prediction) {
      const auto& row = appended[at++];
      if (std::string(gate) != "prompt") return;  // a scored text is a turn, and `prompt` hears it
      EXPECT_EQ(row.size(), prediction.scores.size());
    });
    EXPECT_EQ(at, more.size());
    expect_as_fresh(engine, stream, views({"Question: ", "Say in French: "}, text, ends), gate);
  }
}

// Other views before a text than last time: nothing is read again that stayed the same.
TEST(GateWeights, KeysStayWhereOnlyThePlaceOfATokenChanged) {
  const std::vector<std::string> names = {"math", "french"};
  Engine engine = engine_of(mixture_of(names, {}, "turn"));
  const std::vector<Token> question_one = encode("I find a cat"), question_two = encode("a dog");
  Stream stream = read_prompt(engine, views({"A: ", "B:\n"}, question_one, {"!", "?"}));
  const std::size_t read = stream.read();
  const Prompt next = views({"A: I find a cat!", "B:\nI find a cat?"}, question_two, {"!", "?"});
  Stream fresh = engine.start();
  fresh.rewrite(next);
  stream.rewrite(next);
  if (encode("A: I find a cat!") == joined(joined(encode("A: "), question_one), encode("!"))) {
    EXPECT_EQ(stream.read(), read);
  }
  advance(engine, stream);
  advance(engine, fresh);
  EXPECT_LT(total_variation(logprobs_of(stream.prediction()), logprobs_of(fresh.prediction())),
            1e-6);
}

// A mixture under `share` loses little against any path of experts that switches m times:
// -ln p_mix <= -ln p(path) + ln N + m ln(N/s) + (T - 1 - m) ln(1 / (1 - s + s/N)).
TEST(GateWeights, ShareKeepsItsBound) {
  const std::vector<Token> math = encode(kMathText + "3 * 4 = 12\n\\boxed{12}<|im_end|>\n");
  const std::vector<Token> ids = joined(math, encode(kFrenchText + "\\boxed{je trouve un chat}"));
  const auto scores = token_scores(kNames, ids);
  Engine engine = engine_of(mixture_of(kNames, {}, "share"));
  Stream stream = engine.start();
  double mixed = 0, path = 0;
  engine.score(stream, ids, [&](std::size_t t, const Prediction& prediction) {
    if (t + 1 == ids.size()) return;
    mixed -= prediction.logprob(ids[t + 1]);
    path -= scores[t + 1][t + 1 < math.size() ? 0 : 2];  // math, then french
  });
  const double s = 0.01, n = 3, steps = static_cast<double>(ids.size()) - 1;
  const double bound =
      path + std::log(n) + std::log(n / s) + (steps - 2) * std::log(1 / (1 - s + s / n));
  EXPECT_LE(mixed, bound + 1e-3);
  EXPECT_LT(mixed, 0.9 * -std::log(1.0 / 3) * steps + path);
}

}  // namespace
}  // namespace mod::mix
