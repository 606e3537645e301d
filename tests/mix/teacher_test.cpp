// What a teacher hears of a text against the engine that generates: logits, scores, gate weights.
#include "mix/fit/teacher.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mix/fit/fit_mixture.h"
#include "mix/fit/rows_objective.h"
#include "mix/support.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

using namespace test;

const std::string kShort = "How do you say \"I find a heavy doctor\" in French?";
const std::string kLong =
    "Ben has 3 bags with 4 nuts each. What does this program print?\nt = 26\nfor i in range(3):\n"
    "    t = t + 4\nprint(t)";

std::vector<Token> encode(const std::string& text) {
  static const text::Tokenizer tokenizer = text::Tokenizer::load(specialist_path("base"));
  return tokenizer.encode(text, false);
}

Mixture mixture_of(const char* rule, const char* gate, std::vector<double> weights = {}) {
  static const auto math = open_model(specialist_path("math"));
  static const auto code = open_model(specialist_path("code"));
  Mixture mixture;
  mixture.experts = {{"math", math, 1}, {"code", code, 1.25}};
  mixture.rule = find_rule(rule);
  mixture.rule_parameters = default_values(mixture.rule->parameters);
  mixture.gate = find_gate(gate);
  mixture.gate_parameters = default_values(mixture.gate->parameters);
  mixture.weights = std::move(weights);
  return mixture;
}

std::vector<double> temperatures(const Mixture& mixture) {
  std::vector<double> out;
  for (const Expert& expert : mixture.experts) out.push_back(expert.temperature);
  return out;
}

Lesson plain(const std::string& text, std::size_t unit = 0) {
  return {text_prompt(encode(text)), 0, unit};
}

/// A question and its answer; a context goes before.
Lesson solved(const std::string& context, const std::string& question, const std::string& answer) {
  Lesson lesson;
  const auto add = [&](const std::string& text, Part part, bool turn) {
    Piece piece;
    piece.tokens = encode(text);
    piece.part = part;
    piece.starts_turn = turn;
    lesson.prompt.push_back(std::move(piece));
  };
  add(context, Part::kContext, false);
  add(question, Part::kTurn, true);
  for (const Piece& piece : lesson.prompt) lesson.from += piece.tokens.size();
  add(answer, Part::kAnswer, false);
  return lesson;
}

TEST(Teacher, ShowsTheLogitsThatTheEngineMixes) {
  Engine engine(mixture_of("linear", "share"), test_context());
  const std::vector<Lesson> lessons = {plain(kShort), plain(kLong)};
  const std::size_t width = engine.vocabulary();
  std::vector<std::vector<float>> wanted;  // rows of both experts, one after the other
  for (const Lesson& lesson : lessons) {
    Stream stream = engine.start();
    const auto& ids = lesson.prompt[0].tokens;
    engine.score(stream, ids, [&](std::size_t position, const Prediction& prediction) {
      if (position + 1 == ids.size()) return;
      for (const Opinion& opinion : prediction.experts) {
        wanted.emplace_back(opinion.scores.begin(), opinion.scores.end());
      }
    });
  }
  for (const std::size_t batch : {1, 2}) {
    for (const std::uint64_t keep : {std::uint64_t{0}, std::uint64_t{1} << 30}) {
      Teacher teacher(engine, lessons, {batch, keep});
      ASSERT_EQ(teacher.counted() * 2, wanted.size());
      for (int time = 0; time < 2; ++time) {
        std::size_t seen = 0;
        teacher.visit([&](std::span<const CountedRows> rows) {
          for (const CountedRows& row : rows) {
            ++seen;
            for (std::size_t k = 0; k < 2; ++k) {
              std::vector<float> got(width);
              log_row(row.logits[k], engine.mixture().experts[k].temperature, {}, got,
                      test_context(1));
              for (std::size_t x = 0; x < width; ++x) {
                ASSERT_NEAR(got[x], wanted[row.index * 2 + k][x], 2e-5);
              }
            }
          }
        });
        EXPECT_EQ(seen, teacher.counted());
      }
      EXPECT_EQ(teacher.passes(), keep == 0 ? 2 : 1);
    }
  }
}

TEST(Teacher, ReplaysTheGatesOfTheEngine) {
  for (const char* gate : {"share", "prompt", "turn", "entropy"}) {
    Mixture mixture = mixture_of("linear", gate, {0.7, 0.3});
    if (std::string_view(gate) != "share") mixture.gate_parameters[0] = 7;
    Engine engine(mixture, test_context());
    const std::vector<Lesson> lessons = {
        solved("You are helpful.", "What is 3 + 4?", "3 + 4 = 7\n\\boxed{7}"),
        solved("Hello there", "How do you say", " le chat")};
    const std::vector<Transcript> texts =
        Teacher(engine, lessons, {2, 0}).listen(temperatures(mixture));
    for (std::size_t i = 0; i < lessons.size(); ++i) {
      Prompt prompt = lessons[i].prompt;
      const std::vector<Token> answer = prompt.back().tokens;
      prompt.pop_back();
      Stream stream = engine.start();
      stream.rewrite(prompt);
      std::size_t next = 0;
      std::vector<Token> read;
      double sum = 0, mixed = 0;
      replay(mixture, texts[i], [&](std::size_t token, std::span<const double> weights) {
        const Step step{&stream, read};
        engine.advance({&step, 1});
        const Prediction& prediction = stream.prediction();
        ASSERT_EQ(token, lessons[i].from + next);
        double p = 0;
        for (std::size_t k = 0; k < 2; ++k) {
          EXPECT_NEAR(std::exp(weights[k]), prediction.experts[k].weight, 1e-5) << gate;
          const double score = texts[i].row(texts[i].scores, token)[k];
          EXPECT_NEAR(score, prediction.experts[k].logprob(answer[next]), 2e-5);
          p += std::exp(weights[k] + score);
        }
        sum += std::log(p);
        mixed += prediction.logprob(answer[next]);
        read = {answer[next++]};
      });
      EXPECT_EQ(next, answer.size());
      EXPECT_NEAR(sum, mixed, 1e-3);
      EXPECT_NEAR(linear_likelihood(mixture, {&texts[i], 1}),
                  mixed / static_cast<double>(answer.size()), 1e-4);
    }
  }
}

TEST(Teacher, ReadsEveryExpertsOwnView) {
  Engine engine(mixture_of("linear", "prompt"), test_context());
  Lesson lesson;
  Piece own;
  own.part = Part::kContext;
  own.views = {encode("You translate."), {}};
  lesson.prompt = {own, text_prompt(encode(kShort))[0]};
  const std::vector<Transcript> texts =
      Teacher(engine, {&lesson, 1}, {1, 0}).listen(temperatures(engine.mixture()));
  const std::size_t length = encode(kShort).size();
  ASSERT_EQ(texts[0].tokens.size(), length);
  EXPECT_FALSE(texts[0].tokens[0].predicted);  // one expert has nothing before it
  EXPECT_TRUE(texts[0].tokens[1].counts);
  EXPECT_EQ(counted_tokens(texts), length - 1);
  for (std::size_t k = 0; k < 2; ++k) {
    Mixture one = single_model("one", engine.mixture().experts[k].model);
    one.experts[0].temperature = engine.mixture().experts[k].temperature;
    Engine alone(one, test_context());
    std::vector<Token> text = k == 0 ? own.views[0] : std::vector<Token>();
    const std::size_t before = text.size();
    const std::vector<Token> shared = encode(kShort);
    text.insert(text.end(), shared.begin(), shared.end());
    Stream stream = alone.start();
    alone.score(stream, text, [&](std::size_t position, const Prediction& prediction) {
      if (position < before || position + 1 == text.size()) return;
      const std::size_t place = position + 1 - before;
      EXPECT_NEAR(texts[0].row(texts[0].heard, place)[k], prediction.logprob(shared[place]), 2e-5);
    });
  }
}

TEST(Teacher, RefusesDataWithoutTokensThatCount) {
  Engine engine(mixture_of("linear", "share"), test_context());
  const Lesson lesson{text_prompt({5}), 0, 0};
  EXPECT_THROW(Teacher(engine, {&lesson, 1}, {}), Error);
}

TEST(FitTemperatures, AreTheBestOfEachExpert) {
  Engine engine(mixture_of("linear", "share"), test_context());
  const std::vector<Lesson> lessons = {plain(kShort), plain(kLong)};
  Teacher teacher(engine, lessons, {2, std::uint64_t{1} << 30});
  const std::vector<TemperatureFit> found = fit_temperatures(engine.mixture(), teacher);
  const auto likelihoods = [&](double factor) {
    std::vector<double> at;
    for (const TemperatureFit& fit : found) at.push_back(fit.temperature * factor);
    return expert_likelihoods(teacher.listen(at), 2);
  };
  const auto best = likelihoods(1), lower = likelihoods(0.97), higher = likelihoods(1.03);
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_FALSE(found[k].at_limit);
    EXPECT_GT(best[k], lower[k]);
    EXPECT_GT(best[k], higher[k]);
  }
}

TEST(FitExponents, NoNeighbourIsMoreLikely) {
  const Mixture mixture = mixture_of("log_linear", "fixed", {0.5, 0.5});
  Engine engine(mixture, test_context());
  const std::vector<Lesson> lessons = {plain(kShort, 0), plain(kLong, 1)};
  std::vector<double> found[2];
  for (const std::uint64_t keep : {std::uint64_t{0}, std::uint64_t{1} << 30}) {
    FitOptions options;
    options.teacher = {2, keep};
    const FitResult result = fit_mixture(engine, lessons, options);
    EXPECT_EQ(result.target, FitTarget::kExponents);
    EXPECT_GT(result.after, result.before);
    found[keep > 0 ? 1 : 0] = result.mixture.weights;
    Teacher teacher(engine, lessons, options.teacher);
    const auto texts = teacher.listen(temperatures(mixture));
    EXPECT_NEAR(row_likelihood(result.mixture, texts, teacher), result.after, 1e-9);
    for (std::size_t k = 0; keep > 0 && k < 2; ++k) {
      for (const double step : {-0.02, 0.02}) {
        Mixture other = result.mixture;
        other.weights[k] += step;
        EXPECT_LT(row_likelihood(other, texts, teacher), result.after);
      }
    }
  }
  for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(found[0][k], found[1][k], 2e-6);
}

TEST(FitMixture, SaysWhyThereIsNothingToFit) {
  const auto refused = [](const char* rule, const char* gate, std::vector<double> parameters) {
    try {
      fit_target(*find_rule(rule), parameters, *find_gate(gate));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused("contrastive", "fixed", {0.1, 0.5}).find("mod eval"), std::string::npos);
  EXPECT_NE(refused("proxy", "fixed", {1}).find("nothing to fit"), std::string::npos);
  EXPECT_NE(refused("power", "fixed", {0.5}).find("concave"), std::string::npos);
  EXPECT_EQ(refused("power", "fixed", {1}), "");
  EXPECT_EQ(refused("power", "turn", {0.5}), "");
  EXPECT_EQ(fit_target(*find_rule("log_linear"), {}, *find_gate("turn")),
            FitTarget::kGateParameter);
}

}  // namespace
}  // namespace mod::mix
