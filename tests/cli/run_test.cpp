// `mod run`, `mod logits`, `mod perplexity`, `mod chat` and `mod tokenize` as processes.
#include <cmath>
#include <fstream>
#include <sstream>

#include "cli/support.h"
#include "support/tiny_model.h"

namespace mod::testing {
namespace {

const std::string kRoot = MOD_SOURCE_DIR;
const std::string kMath = kRoot + "/examples/specialists/math";
const std::string kPrompt =
    "<|im_start|>user\nBen has 3 bags with 4 nuts each. How many nuts does Ben "
    "have?<|im_end|>\n<|im_start|>assistant\n";

nlohmann::json golden(std::size_t item) {
  std::ifstream stream(kRoot + "/examples/specialists/golden.json");
  return nlohmann::json::parse(stream).at(item);
}

std::string joined(const nlohmann::json& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : ",") + id.dump();
  return text;
}

TEST(RunCommand, AnswersAsTransformersDoes) {
  const auto item = golden(3);
  const std::string model = kRoot + "/examples/specialists/" + item["model"].get<std::string>();
  const auto got = run_json({"run", model, "-p", item["prompt"]});
  EXPECT_EQ(got["text"], item["greedy_text"]);
  EXPECT_EQ(got["ids"], item["greedy_ids"]);
  EXPECT_EQ(got["prompt_tokens"], item["prompt_ids"].size());
  EXPECT_EQ(got["generated_tokens"], item["greedy_ids"].size());
  EXPECT_EQ(got["finish_reason"], "stop");
  ASSERT_EQ(got["tokens"].size(), got["ids"].size());
  EXPECT_EQ(got["tokens"][0]["id"], got["ids"][0]);
  EXPECT_LT(got["tokens"][0]["logprob"], 0);
  // The same from ids, and as plain text.
  EXPECT_EQ(run_json({"run", model, "--ids", joined(item["prompt_ids"])})["ids"],
            item["greedy_ids"]);
  const auto plain = run_mod({"run", model, "-p", item["prompt"]});
  EXPECT_EQ(plain.out, item["greedy_text"].get<std::string>() + "\n");
  EXPECT_NE(plain.err.find("tokens/s"), std::string::npos) << plain.err;
}

TEST(RunCommand, NeedsNoTokenizerForIds) {
  const TempFolder folder;
  for (const char* file : {"config.json", "model.safetensors"}) {
    std::filesystem::copy(kMath + "/" + file, folder.path() / file);
  }
  const std::string model = folder.path().string();
  const auto got =
      run_json({"run", model, "--ids", "1,87,85", "--ignore-eos", "--max-tokens", "16"});
  EXPECT_EQ(got["ids"].size(), 16u);
  EXPECT_EQ(got["text"], "");
  EXPECT_EQ(got["finish_reason"], "length");
  const auto plain = run_mod({"run", model, "--ids", "1 87,85", "--ignore-eos", "-n", "3"});
  EXPECT_EQ(std::count(plain.out.begin(), plain.out.end(), ','), 2) << plain.out;
  expect_refused({"run", model, "-p", "x"}, {"tokenizer", "--ids"});
}

TEST(RunCommand, SeedsAndThreads) {
  const auto text = [](const std::string& seed, const std::string& threads) {
    return run_json({"run", kMath, "-p", kPrompt, "--temperature", "1.5", "--seed", seed,
                     "--threads", threads, "-n", "40"})["ids"];
  };
  const auto one = text("1", "1");
  EXPECT_EQ(text("1", "2"), one);
  EXPECT_EQ(text("1", "3"), one);
  EXPECT_NE(text("2", "1"), one);
}

TEST(RunCommand, StopsBeforeAStopString) {
  const auto got = run_json({"run", kMath, "-p", kPrompt, "--stop", "\\boxed"});
  EXPECT_EQ(got["finish_reason"], "stop");
  EXPECT_EQ(got["text"].get<std::string>().find("boxed"), std::string::npos);
}

TEST(RunCommand, EmptyAndVeryLongPrompts) {
  const auto empty = run_mod({"run", kMath, "-p", "", "-n", "2"});
  EXPECT_EQ(empty.exit_code, 0) << empty.err;
  EXPECT_NE(empty.err.find("begin token"), std::string::npos) << empty.err;
  std::string text;
  for (int i = 0; i < 600; ++i) text += "one more ";
  expect_refused({"run", kMath, "-p", text}, {"context of 512"});
  const TempFolder folder;
  write_text(folder.path() / "long.txt", text);
  expect_refused({"run", kMath, "-f", (folder.path() / "long.txt").string()}, {"context of 512"});
}

TEST(RunCommand, AContextBeyondTheModelsIsWarnedOf) {
  const auto got = run_mod({"run", kMath, "-p", "x", "-n", "1", "--context", "5000"});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_NE(got.err.find("made for 512"), std::string::npos) << got.err;
}

TEST(RunCommand, SaysThatScoresAreNotCappedUnlessAskedTo) {
  const std::string gemma = kRoot + "/tests/data/tiny/gemma2";
  const auto plain = run_mod({"run", gemma, "--ids", "5,6", "--ignore-eos", "-n", "2"});
  EXPECT_EQ(plain.exit_code, 0) << plain.err;
  EXPECT_NE(plain.err.find("--cap-scores"), std::string::npos) << plain.err;
  const auto capped =
      run_mod({"run", gemma, "--ids", "5,6", "--ignore-eos", "-n", "2", "--cap-scores"});
  EXPECT_EQ(capped.exit_code, 0) << capped.err;
  EXPECT_EQ(capped.err.find("--cap-scores"), std::string::npos) << capped.err;
}

TEST(RunCommand, RefusesWithARemedy) {
  expect_refused({"run", kMath, "-p", "x", "--ids", "1"}, {"one prompt"});
  expect_refused({"run", kMath, "--ids", "1,x"}, {"--ids", "1,2,3"});
  expect_refused({"run", kMath, "--ids", "1,999999"}, {"999999", "1024"});
  expect_refused({"run", kMath, "--ids", "-4"}, {"-4"});
  expect_refused({"run", kMath, "-p", "x", "--context", "-3"}, {"--context"});
  expect_refused({"run", kMath, "-p", "x", "-n", "-1"}, {"--max-tokens"});
  expect_refused({"run", kMath, "-p", "x", "--seed", "-1"}, {"--seed"});
  expect_refused({"run", kMath, "-p", "x", "--top-p", "2"}, {"top-p 2"});
  expect_refused({"run", kMath, "-p", "x", "--temperature", "-1"}, {"temperature -1"});
  expect_refused({"run", kMath, "-p", "x", "--logit-bias", "5"}, {"ID=VALUE"});
  const auto small = run_mod({"run", kMath, "-p", "x", "--memory", "1M"});
  EXPECT_EQ(small.exit_code, 1);
  EXPECT_NE(small.err.find("4.89 MiB"), std::string::npos) << small.err;
  expect_refused({"run", "/nowhere/at/all", "-p", "x"}, {"/nowhere/at/all"});
}

TEST(LogitsCommand, WritesWhatTransformersComputes) {
  const TempFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  const auto item = golden(0);
  const auto info = run_json({"logits", kRoot + "/examples/specialists/base", "--ids",
                              joined(item["prompt_ids"]), "--out", out});
  EXPECT_EQ(info["positions"], item["prompt_ids"].size());
  EXPECT_EQ(info["vocabulary"], 1024);
  const auto inspected = run_json({"inspect", out});
  EXPECT_NE(inspected.dump().find("logits"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(out + ".mod-tmp"));
}

TEST(LogitsCommand, LeavesNothingBehindWhereItFails) {
  const TempFolder folder;
  const std::string out = (folder.path() / "logits.safetensors").string();
  expect_refused({"logits", kMath, "--ids", "1,5000", "--out", out}, {"5000"});
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  expect_refused({"logits", kMath, "--ids", "1", "--out", folder.path().string()}, {"folder"});
  expect_refused({"logits", kMath, "--ids", "1", "--out", "/nowhere/x.safetensors"}, {"/nowhere"});
}

TEST(PerplexityCommand, NamesItsConvention) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "Ben has " + std::to_string(i) + " bags of nuts. ";
  write_text(folder.path() / "t.txt", text);
  const std::string file = (folder.path() / "t.txt").string();
  const auto lm_eval = run_json({"perplexity", kMath, file});
  const auto llama = run_json({"perplexity", kMath, file, "--convention", "llama.cpp"});
  EXPECT_EQ(lm_eval["convention"], "lm-eval");
  EXPECT_EQ(llama["convention"], "llama.cpp");
  EXPECT_GT(lm_eval["tokens"], llama["tokens"]);
  EXPECT_NEAR(lm_eval["ppl"].get<double>(), std::exp(lm_eval["nll"].get<double>()), 1e-6);
  EXPECT_GT(llama["stderr"], 0);
  write_text(folder.path() / "short.txt", "Hi.");
  expect_refused(
      {"perplexity", kMath, (folder.path() / "short.txt").string(), "--convention", "llama.cpp"},
      {"two windows"});
  expect_refused({"perplexity", kMath, "/nowhere.txt"}, {"/nowhere.txt"});
}

TEST(ChatCommand, OneTurnUsesTheTemplate) {
  const auto item = golden(3);
  const std::string model = kRoot + "/examples/specialists/" + item["model"].get<std::string>();
  const auto got = run_json({"chat", model, "-p", item["question"]});
  EXPECT_EQ(got["ids"], item["greedy_ids"]);
  EXPECT_EQ(got["prompt_tokens"], item["prompt_ids"].size());
}

TEST(ChatCommand, TurnsOnStandardInput) {
  const TempFolder folder;
  const auto item = golden(3);
  const std::string saved = (folder.path() / "chat.json").string();
  std::string question = item["question"].get<std::string>();
  write_text(folder.path() / "turns.txt",
             question + "\n/save " + saved + "\n/reset\n" + question + "\n/bogus\n/quit\nnever\n");
  const std::string model = kRoot + "/examples/specialists/" + item["model"].get<std::string>();
  const auto got = run_process({"/bin/sh", "-c",
                                std::string(MOD_PROGRAM) + " chat " + model + " --json < " +
                                    (folder.path() / "turns.txt").string()});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  std::istringstream lines(got.out);
  std::string line;
  std::vector<nlohmann::json> answers;
  while (std::getline(lines, line)) answers.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(answers.size(), 2u) << got.out;
  EXPECT_EQ(answers[0]["ids"], item["greedy_ids"]);
  EXPECT_EQ(answers[1]["ids"], item["greedy_ids"]);  // /reset forgot the first turn
  EXPECT_NE(got.err.find("unknown command /bogus"), std::string::npos);
  const auto messages = nlohmann::json::parse(read_text(saved));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1]["content"], item["greedy_text"]);
}

TEST(ChatCommand, AFullContextNamesReset) {
  const TempFolder folder;
  std::string turns;
  for (int i = 0; i < 12; ++i) {
    turns +=
        "Ben has 3 bags with 4 nuts each and Zoe fills 10 jars with 3 marbles each, then "
        "gives 21 marbles to Henry. How many nuts does Ben have?\n";
  }
  turns += "/reset\nWhat is 3 + 4?\n";
  write_text(folder.path() / "turns.txt", turns);
  const auto got = run_process({"/bin/sh", "-c",
                                std::string(MOD_PROGRAM) + " chat " + kMath + " < " +
                                    (folder.path() / "turns.txt").string()});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_NE(got.err.find("/reset starts a new chat"), std::string::npos) << got.err;
}

TEST(TokenizeCommand, AgreesWithTransformersAndComesBack) {
  const auto item = golden(1);
  const std::string model = kRoot + "/examples/specialists/base";
  EXPECT_EQ(run_json({"tokenize", model, "-p", item["prompt"]})["ids"], item["prompt_ids"]);
  const auto text = run_mod({"detokenize", model, "--ids", joined(item["prompt_ids"])});
  const auto prompt = item["prompt"].get<std::string>();
  EXPECT_EQ(text.out.substr(0, prompt.size()), prompt);
}

}  // namespace
}  // namespace mod::testing
