// Mixtures on the command line, as processes.
#include <cmath>
#include <fstream>

#include "checkpoint/checkpoint.h"
#include "cli/support.h"
#include "support/tiny_model.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;

const std::string kRoot = MOD_SOURCE_DIR;
const std::string kExperts = kRoot + "/examples/specialists/";
const std::string kPrompt =
    "<|im_start|>user\nHow do you say \"six small birds\" in French?<|im_end|>\n"
    "<|im_start|>assistant\n";

/// `command --expert math=... --expert french=...`, with these weights.
std::vector<std::string> with_experts(const std::string& command, const std::string& math,
                                      const std::string& french,
                                      const std::vector<std::string>& more) {
  std::vector<std::string> all = {command, "--expert", "math=" + kExperts + "math" + math,
                                  "--expert", "french=" + kExperts + "french" + french};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(MixtureCommand, RunTellsWhatEveryExpertThought) {
  const auto json = run_json(with_experts("run", "@1", "@3", {"--gate", "fixed", "-p", kPrompt}));
  EXPECT_NE(json["text"].get<std::string>().find("\\boxed{"), std::string::npos);
  ASSERT_GT(json["tokens"].size(), 4u);
  for (const auto& token : json["tokens"]) {
    double sum = 0, mixed = 0;
    for (const auto& [name, weight] : {std::pair("math", .25), std::pair("french", .75)}) {
      const auto& expert = token["experts"][name];
      EXPECT_NEAR(expert["weight"].get<double>(), weight, 1e-12);
      EXPECT_GE(expert["rank"], 1);
      sum += expert["responsibility"].get<double>();
      mixed += weight * std::exp(expert["logprob"].get<double>());
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_NEAR(std::log(mixed), token["logprob"].get<double>(), 2e-5);
  }
  EXPECT_EQ(json["forward_passes"]["math"], json["tokens"].size());
  EXPECT_EQ(json["exact"], true);
}

TEST(MixtureCommand, DrawLeavesExpertsOut) {
  const auto arguments =
      with_experts("run", "@1", "@1",
                   {"--gate", "fixed", "--mode", "draw", "-n", "20", "--ignore-eos",
                    "--temperature", "1", "--seed", "3", "-p", kPrompt});
  const auto json = run_json(arguments);
  EXPECT_EQ(json, run_json(arguments)) << "same seed, same text";
  std::size_t left_out = 0;
  for (const auto& token : json["tokens"]) {
    EXPECT_TRUE(token["logprob"].is_null());
    for (const auto& expert : token["experts"]) left_out += expert.is_null() ? 1 : 0;
  }
  EXPECT_EQ(left_out, 19u) << "one of two for every token but the first, which all read";
  EXPECT_GT(json["passes_saved"], 15);
}

TEST(MixtureCommand, WrongCombinationsAreRefused) {
  expect_refused(with_experts("run", "@1", "@1", {kExperts + "base", "-p", "x"}), {"--expert"});
  const ProcessResult silent = run_mod(with_experts("run", "", "", {"--gate", "fixed", "-p", "x"}));
  EXPECT_EQ(silent.exit_code, 2);
  EXPECT_NE(silent.err.find("--weights math=0.5,french=0.5"), std::string::npos) << silent.err;
  expect_refused(with_experts("run", "@1", "@1", {"--gate", "fixed", "--mode", "draw", "-p", "x"}),
                 {"draw", "--temperature 1"});
  expect_refused(with_experts("run", "@1", "@1", {"--mode", "draw", "-p", "x"}), {"share"});
  expect_refused({"run", kExperts + "math", "--weights", "math=1", "-p", "x"}, {"no mixture"});
  expect_refused({"run", "-p", "x"}, {"MODEL"});
}

TEST(MixtureCommand, OptionsOverrideAFile) {
  const std::string file = kRoot + "/examples/mixtures/uniform.yml";
  const auto json = run_json({"run", file, "--mode", "certified", "--weights",
                              "math=0,code=0,french=1", "-n", "5", "-p", kPrompt});
  EXPECT_EQ(json["mode"], "certified");
  EXPECT_EQ(json["forward_passes"]["math"], 0);
  const auto alone = run_json({"run", kExperts + "french", "-n", "5", "-p", kPrompt});
  EXPECT_EQ(json["ids"], alone["ids"]);
  EXPECT_EQ(json["tokens"][0]["logprob"], alone["tokens"][0]["logprob"]) << "bit by bit";
}

std::vector<float> tensor(const std::string& file, const std::string& name) {
  Problems notes;
  const auto open = checkpoint::Checkpoint::open(file, notes);
  const checkpoint::TensorInfo* info = open->find(name);
  EXPECT_NE(info, nullptr) << name;
  std::vector<float> values(info ? info->elements : 0);
  if (info) open->read(*info, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

TEST(MixtureCommand, LogitsAreTheSumOfTheExperts) {
  const TempFolder folder;
  const std::string out = (folder.path() / "m.safetensors").string();
  run_json(with_experts("logits", "", "", {"--ids", "1,87,85,20,300,7", "--out", out}));
  const auto mixed = tensor(out, "logprobs"), math = tensor(out, "experts.math.logprobs"),
             french = tensor(out, "experts.french.logprobs"), weights = tensor(out, "weights");
  ASSERT_EQ(mixed.size(), 6u * 1024);
  ASSERT_EQ(weights.size(), 12u);
  EXPECT_NEAR(weights[0], .5, 1e-6) << "row 0 is the prior";
  EXPECT_GT(std::abs(weights[10] - .5), 1e-3) << "share has heard the text";
  for (std::size_t t = 0; t < 6; ++t) {
    for (std::size_t x = 0; x < 1024; x += 31) {
      const std::size_t i = t * 1024 + x;
      EXPECT_NEAR(
          mixed[i],
          std::log(weights[2 * t] * std::exp(math[i]) + weights[2 * t + 1] * std::exp(french[i])),
          2e-4);
    }
  }
}

TEST(MixtureCommand, ChatKeepsTheSkillsOverTurns) {
  const TempFolder folder;
  write_text(
      folder.path() / "turns.txt",
      "A bus leaves the shop with 64 people. At the next stop 22 get off and 15 get on. How "
      "many people are on the bus?\nHow do you say \"they lose a yellow street and six small "
      "birds\" in French?\n");
  const ProcessResult result =
      run_process({"/bin/sh", "-c", "\"$0\" chat \"$1\" -q --color < \"$2\"", MOD_PROGRAM,
                   kRoot + "/examples/mixtures/share.yml", (folder.path() / "turns.txt").string()},
                  {});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("\x1b[38;5;"), std::string::npos) << "tinted";
  std::string plain;
  for (std::size_t i = 0; i < result.out.size(); ++i) {
    if (result.out[i] == '\x1b')
      i = result.out.find('m', i);
    else
      plain += result.out[i];
  }
  EXPECT_NE(plain.find("\\boxed{57}"), std::string::npos) << plain;
  EXPECT_NE(plain.find("\\boxed{ils perdent une rue jaune et six petits oiseaux}"),
            std::string::npos)
      << plain;
}

TEST(MixtureCommand, PlanCountsSharedWeightsOnce) {
  const TempFolder folder;
  write_text(
      folder.path() / "m.yml",
      "mixture: {rule: log_linear, gate: fixed}\nexperts:\n  - {name: with, model: " + kExperts +
          "math, weight: 2, system: Count.}\n  - {name: without, model: " + kExperts +
          "math, weight: -1}\n");
  const auto plan = run_json({"plan", (folder.path() / "m.yml").string()});
  EXPECT_EQ(plan["distinct_bytes"].get<double>() * 2, plan["bytes"].get<double>());
  EXPECT_EQ(plan["experts"][1]["shared_bytes"], plan["experts"][0]["bytes"]);
  const auto apart = run_json({"plan", kRoot + "/examples/mixtures/uniform.yml"});
  EXPECT_EQ(apart["distinct_bytes"], apart["bytes"]);
}

TEST(MixtureCommand, PerplexityIsWithinTheBoundOfEveryExpert) {
  const TempFolder folder;
  write_text(folder.path() / "t.txt", kPrompt + "\\boxed{six petits oiseaux}");
  const std::string file = (folder.path() / "t.txt").string();
  const auto mixed = run_json(with_experts("perplexity", "@1", "@1", {"--gate", "fixed", file}));
  for (const char* name : {"math", "french"}) {
    const auto alone = run_json({"perplexity", kExperts + name, file});
    EXPECT_LE(mixed["nll"].get<double>(), alone["nll"].get<double>() + std::log(2.0) + 1e-6);
  }
}

TEST(MixtureCommand, APageIsWritten) {
  const TempFolder folder;
  const std::string page = (folder.path() / "p.html").string();
  const ProcessResult result = run_mod({"run", kRoot + "/examples/mixtures/turn.yml", "-q", "-n",
                                        "4", "-p", kPrompt, "--html", page});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::ifstream stream(page);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  for (const char* part : {"<!doctype html>", "french", "six small birds"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace mod::testing
