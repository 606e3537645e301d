// Learning mixtures of the specialists from their data, and reading that data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "bundle/bundle.h"
#include "eval/lessons.h"
#include "eval/perplexity.h"
#include "mix/fit/fit_mixture.h"
#include "mix/support.h"
#include "mod/error.h"
#include "support/tiny_model.h"

namespace mod::eval {
namespace {

using mix::test::test_context;

const std::string kTasks = std::string(MOD_SOURCE_DIR) + "/examples/specialists/tasks/";

/// The first lines of a task's fit data.
std::string lines_of(const std::string& task, int lines) {
  std::ifstream file(kTasks + task + ".fit.jsonl");
  std::string out;
  for (std::string line; lines-- > 0 && std::getline(file, line);) out += line + "\n";
  return out;
}

std::string three_skills(int lines) {
  return lines_of("math", lines) + lines_of("code", lines) + lines_of("french", lines);
}

std::string what_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "nothing was thrown";
}

class Fits : public ::testing::Test {
 protected:
  void open(const std::string& gate, const std::string& rule = "linear",
            const std::string& weight = "") {
    std::vector<std::string> experts;
    bundle::MixtureOptions options;
    options.choices = {rule, gate, ""};
    for (const char* name : {"math", "code", "french"}) {
      experts.push_back(std::string(name) + "=" + MOD_SOURCE_DIR + "/examples/specialists/" + name +
                        weight);
    }
    Problems problems;
    const auto mixture = bundle::mixture_of_experts(experts, options, problems);
    bundle_ = bundle::Opener(test_context(), {}).open_mixture(mixture);
    engine_ = std::make_unique<mix::Engine>(bundle_.mixture, test_context());
  }
  std::vector<mix::Lesson> read(const std::string& content, const std::string& name = "d.jsonl") {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return read_lessons(path, bundle_, engine_->longest_text(), *test_context().log);
  }
  mix::FitResult fit(const std::vector<mix::Lesson>& lessons, bool temperatures = false) {
    mix::FitOptions options;
    options.temperatures = temperatures;
    options.bootstrap.resamples = 50;
    options.teacher = teacher_options(bundle_.mixture, {}, lessons);
    mix::FitResult result = mix::fit_mixture(*engine_, lessons, options);
    EXPECT_GE(result.after, result.before);
    return result;
  }

  testing::TempFolder folder_;
  bundle::Bundle bundle_;
  std::unique_ptr<mix::Engine> engine_;
};

TEST_F(Fits, OneSkillsDataWantsItsExpertAlone) {
  open("fixed", "linear", "@1");
  const mix::FitResult result = fit(read(lines_of("code", 20)));
  EXPECT_EQ(result.texts, 20u);
  EXPECT_GT(*result.experts[1].weight, 0.97);
  EXPECT_GT(result.after, result.before + 0.1);
  for (const mix::ExpertFit& expert : result.experts) {
    ASSERT_TRUE(expert.interval);
    EXPECT_LE(expert.interval->low, *expert.weight + 1e-3);
    EXPECT_GE(expert.interval->high, *expert.weight - 1e-3);
    EXPECT_NEAR(*expert.responsibility, *expert.weight, 1e-4);
    if (expert.name == "code") continue;
    const std::string named = "expert " + expert.name + " is useless";
    EXPECT_TRUE(std::any_of(result.warnings.begin(), result.warnings.end(),
                            [&](const std::string& w) { return w.starts_with(named); }))
        << named;
  }
}

TEST_F(Fits, NoOtherWeightsAreAsGoodOnThreeSkills) {
  open("fixed", "linear", "@1");
  const std::vector<mix::Lesson> lessons = read(three_skills(15));
  const mix::FitResult result = fit(lessons);
  double total = 0;
  for (const mix::ExpertFit& expert : result.experts) {
    EXPECT_GT(*expert.weight, mix::kUselessWeight) << expert.name;
    EXPECT_LT(expert.log_likelihood, result.after) << "nobody alone has three skills";
    total += *expert.weight;
  }
  EXPECT_NEAR(total, 1, 1e-5);
  mix::Teacher teacher(*engine_, lessons, {8, 0});
  const auto texts = teacher.listen(std::vector<double>(3, 1));
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      if (from == to) continue;
      mix::Mixture other = result.mixture;
      other.weights[from] -= 0.01;
      other.weights[to] += 0.01;
      EXPECT_LT(mix::linear_likelihood(other, texts), result.after);
    }
  }
}

TEST_F(Fits, UnderATurnGateSharesAreThoseOfTheTokens) {
  open("turn");
  std::vector<double> tokens;
  double sum = 0;
  for (const char* task : {"math", "code", "french"}) {
    double count = 0;
    for (const mix::Lesson& lesson : read(lines_of(task, 8))) {
      count += static_cast<double>(lesson.prompt.back().tokens.size());
    }
    tokens.push_back(count);
    sum += count;
  }
  const mix::FitResult result = fit(read(three_skills(8)));
  EXPECT_EQ(static_cast<double>(result.tokens), sum);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(*result.experts[k].responsibility, tokens[k] / sum, 0.05);
    EXPECT_NEAR(static_cast<double>(result.experts[k].best_of), 8, 1);
  }
}

TEST_F(Fits, GatesGetTheirParameter) {
  const std::string all = three_skills(6);
  for (const char* gate : {"turn", "prompt", "share", "entropy"}) {
    open(gate);
    const std::vector<mix::Lesson> lessons = read(all);
    const mix::FitResult result = fit(lessons);
    ASSERT_TRUE(result.parameter) << gate;
    EXPECT_EQ(result.parameter->name, std::string_view(gate) == "share" ? "rate" : "tau");
    EXPECT_EQ(result.parameter->after, result.mixture.gate_parameters[0]);
    EXPECT_TRUE(result.mixture.weights.empty());
    // No neighbour is more likely.
    mix::Teacher teacher(*engine_, lessons, {8, 0});
    const auto texts = teacher.listen(std::vector<double>(3, 1));
    EXPECT_NEAR(mix::linear_likelihood(result.mixture, texts), result.after, 1e-9);
    for (const double factor : {0.8, 1.25}) {
      mix::Mixture other = result.mixture;
      const bool rate = result.parameter->name == "rate";
      double& value = other.gate_parameters[0];
      value = std::clamp(value * factor, rate ? 1e-6 : 1e-2, rate ? 1.0 : 1e4);
      EXPECT_LE(mix::linear_likelihood(other, texts), result.after + 1e-7) << gate << factor;
    }
  }
}

TEST_F(Fits, TemperaturesNeverCostLikelihood) {
  open("fixed", "linear", "@1");
  const std::vector<mix::Lesson> lessons = read(lines_of("math", 8) + lines_of("french", 8));
  const mix::FitResult without = fit(lessons), with = fit(lessons, true);
  EXPECT_GE(with.after, without.after);
  for (const mix::ExpertFit& expert : with.experts) {
    EXPECT_GE(expert.log_likelihood, expert.log_likelihood_before - 1e-6);
  }
}

TEST_F(Fits, OtherRulesWithGatesAreSearchedByWholeRows) {
  open("turn", "log_linear");
  const mix::FitResult result = fit(read(lines_of("code", 3) + lines_of("french", 3)));
  ASSERT_TRUE(result.parameter);
  EXPECT_EQ(result.parameter->name, "tau");
  EXPECT_FALSE(result.experts[0].responsibility);
}

TEST_F(Fits, PlainTextIsWhatPerplexityMeasures) {
  open("share");
  std::string text;
  for (const char* task : {"math", "code"}) text += lines_of(task, 1);
  const std::vector<mix::Lesson> lessons = read(text, "d.txt");
  ASSERT_EQ(lessons.size(), 1u);
  const mix::FitResult result = fit(lessons);
  const auto ids = bundle_.need_tokenizer().encode(text, false);
  const TextPerplexity measured = measure_perplexity(*engine_, ids, {});
  EXPECT_EQ(measured.tokens, result.tokens);
  EXPECT_NEAR(result.before, -measured.nll, 1e-4);
}

TEST_F(Fits, LongTextsAreCutIntoWindows) {
  open("share");
  std::string text;
  for (int i = 0; i < 5; ++i) text += lines_of("math", 20);
  const auto windows = read(text, "long.txt");
  ASSERT_GT(windows.size(), 2u);
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    EXPECT_EQ(windows[i].unit, i);
    tokens += windows[i].prompt[0].tokens.size();
    EXPECT_LE(windows[i].prompt[0].tokens.size(), engine_->longest_text());
  }
  EXPECT_EQ(tokens, bundle_.need_tokenizer().encode(text, true).size());
  // A line of jsonl is one unit, however long.
  nlohmann::json line = {{"text", text}};
  const auto units = read(line.dump() + "\n" + line.dump() + "\n");
  EXPECT_EQ(units.size(), 2 * windows.size());
  EXPECT_EQ(units.front().unit, units[windows.size() - 1].unit);
  EXPECT_NE(units.front().unit, units.back().unit);
}

TEST_F(Fits, OnlySolutionAndEndTokenCount) {
  open("turn");
  const auto lessons = read(R"({"question": "What is 1 + 1?", "solution": "\\boxed{2}"})"
                            "\n\n"
                            R"({"messages": [{"role": "user", "content": "What is 1 + 1?"}],)"
                            R"( "solution": "\\boxed{2}"})"
                            "\n");
  ASSERT_EQ(lessons.size(), 2u);
  auto wanted = bundle_.need_tokenizer().encode("\\boxed{2}", false);
  wanted.push_back(2);  // <|im_end|>, which the template writes
  for (const mix::Lesson& lesson : lessons) {
    EXPECT_EQ(lesson.prompt.back().tokens, wanted);
    EXPECT_EQ(lesson.prompt.back().part, mix::Part::kAnswer);
    mix::Teacher teacher(*engine_, {&lesson, 1}, {});
    EXPECT_EQ(teacher.counted(), wanted.size());
  }
  EXPECT_NE(lessons[0].unit, lessons[1].unit);
}

TEST_F(Fits, BadDataIsNamedWithFileAndLine) {
  open("turn");
  const std::string good = R"({"text": "one two three"})"
                           "\n";
  const auto refused = [&](const std::string& line) {
    return what_of([&] { read(good + line + "\n"); });
  };
  for (const auto& [line, text] : std::vector<std::pair<std::string, std::string>>{
           {"{\"text\": ", "d.jsonl:2"},
           {"[1, 2]", "d.jsonl:2: a line must be a JSON object"},
           {"{\"prompt\": \"a\"}", "d.jsonl:2: a line needs \"text\""},
           {"{\"question\": \"a\"}", "d.jsonl:2: a line needs \"text\""},
           {"{\"text\": 3}", "d.jsonl:2: \"text\" must be a text"},
           {"{\"question\": [], \"solution\": \"a\"}", "d.jsonl:2: \"question\" must be a text"},
           {"{\"question\": \"a\", \"solution\": \"\"}", "d.jsonl:2: \"solution\" is empty"},
           {"{\"messages\": 1, \"solution\": \"a\"}", "d.jsonl:2: \"messages\" must be a list"},
           {"{\"messages\": [1], \"solution\": \"a\"}", "d.jsonl:2: "},
       }) {
    EXPECT_NE(refused(line).find(text), std::string::npos) << line << "\n" << refused(line);
  }
  EXPECT_NE(what_of([&] { read(""); }).find("nothing to learn from"), std::string::npos);
  EXPECT_NE(what_of([&] { read("", "empty.txt"); }).find("nothing to learn from"),
            std::string::npos);
}

}  // namespace
}  // namespace mod::eval
