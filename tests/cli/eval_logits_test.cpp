// Multiple choice and perplexity, computed once more from nothing but what `mod tokenize` and `mod
// logits` print and write.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cli/support.h"

namespace mod::testing {
namespace {

const std::string kSource = MOD_SOURCE_DIR;
const std::string kBase = kSource + "/examples/specialists/base";

std::vector<int> tokenize(const std::string& text) {
  return run_json({"tokenize", kBase, "-p", text, "--no-special"})["ids"].get<std::vector<int>>();
}

class FromLogits : public ::testing::Test {
 protected:
  /// -ln p of each id after the first, in the text of all of them.
  std::vector<double> surprise(const std::vector<int>& ids) {
    std::string list;
    for (const int id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
    const std::string out = (folder_.path() / "logits.safetensors").string();
    const ProcessResult result = run_mod({"logits", kBase, "--ids", list, "--out", out});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::ifstream stream(out, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    const auto json = nlohmann::json::parse(bytes.substr(8, header));
    const auto rows = json["logits"]["shape"][0].get<std::size_t>();
    const auto columns = json["logits"]["shape"][1].get<std::size_t>();
    const auto begin = json["logits"]["data_offsets"][0].get<std::size_t>();
    EXPECT_EQ(rows, ids.size());
    std::vector<float> logits(rows * columns);
    std::memcpy(logits.data(), bytes.data() + 8 + header + begin, logits.size() * sizeof(float));
    std::vector<double> nll;
    for (std::size_t t = 0; t + 1 < rows; ++t) {
      const float* row = logits.data() + t * columns;
      double sum = 0;
      for (std::size_t v = 0; v < columns; ++v) sum += std::exp(static_cast<double>(row[v]));
      nll.push_back(std::log(sum) - static_cast<double>(row[ids[t + 1]]));
    }
    return nll;
  }

  TempFolder folder_;
};

TEST_F(FromLogits, MultipleChoice) {
  const std::string task = kSource + "/tests/data/eval/choices.yaml";
  const std::string out = (folder_.path() / "out").string();
  const ProcessResult result =
      run_mod({"eval", kBase, "--tasks", task, "--limit", "5", "--out", out, "-q"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::ifstream lines(out + "/items/base.choices.jsonl");
  std::size_t items = 0;
  for (std::string line; std::getline(lines, line); ++items) {
    const auto item = nlohmann::json::parse(line);
    // The space at the end of the question belongs to the choice.
    std::string question = item["question"];
    ASSERT_EQ(question.back(), ' ');
    question.pop_back();
    const std::size_t context = tokenize(question).size();
    for (const auto& choice : item["choices"]) {
      const auto nll = surprise(tokenize(question + "  " + choice["text"].get<std::string>()));
      double sum = 0;
      for (std::size_t t = context - 1; t < nll.size(); ++t) sum -= nll[t];
      EXPECT_NEAR(choice["logprob"].get<double>(), sum, 1e-3);
    }
  }
  EXPECT_EQ(items, 5u);
}

TEST_F(FromLogits, Perplexity) {
  const std::string text = "Ben has 3 bags with 4 nuts each. How many nuts does Ben have?\n";
  const std::string file = (folder_.path() / "text").string();
  std::ofstream(file, std::ios::binary) << text;
  const auto json = run_json({"perplexity", kBase, file, "-q"});
  const std::vector<int> ids = tokenize(text);
  EXPECT_EQ(json["tokens"], ids.size());
  std::vector<int> with_begin = {2};  // the end token: there is no begin token
  with_begin.insert(with_begin.end(), ids.begin(), ids.end());
  double sum = 0;
  for (const double nll : surprise(with_begin)) sum += nll;
  EXPECT_NEAR(json["nll"].get<double>(), sum / static_cast<double>(ids.size()), 1e-4);
}

// Of a merge with one parent's weight at 1: equal to that parent, and as far from the other as
// that.
TEST_F(FromLogits, AgainstTheParents) {
  const std::string text = (folder_.path() / "text.txt").string();
  std::ofstream(text) << "Ben has 3 bags with 4 nuts each. How many nuts does Ben have?";
  const std::string recipe = (folder_.path() / "math.yml").string();
  const std::string math = kSource + "/examples/specialists/math";
  std::ofstream(recipe) << "merge_method: linear\nmodels:\n"
                        << "  - {model: " << math << ", parameters: {weight: 1}}\n"
                        << "  - {model: " << kBase << ", parameters: {weight: 0}}\n";
  const auto of_merge = run_json({"perplexity", recipe, text, "--against-parents"})["against"];
  ASSERT_EQ(of_merge.size(), 2u);
  const auto& equal = of_merge[0]["model"] == math ? of_merge[0] : of_merge[1];
  const auto& other = of_merge[0]["model"] == math ? of_merge[1] : of_merge[0];
  EXPECT_EQ(equal["model"], math);
  EXPECT_EQ(other["model"], kBase);
  EXPECT_LT(equal["kl"]["max"].get<double>(), 1e-6);
  EXPECT_EQ(equal["same_top"]["value"], 1);
  const auto alone = run_json({"perplexity", math, text, "--against", kBase});
  EXPECT_EQ(other["kl"], alone["against"][0]["kl"]);
  EXPECT_GT(other["kl"]["mean"].get<double>(), 0.01);
  EXPECT_NEAR(other["ppl"]["value"].get<double>(), alone["ppl"].get<double>(), 1e-6);
  const ProcessResult shown = run_mod({"perplexity", math, text, "--against", kBase});
  for (const char* label : {"Mean    KLD", "99.9%   KLD", "RMS Δp", "Same top p"}) {
    EXPECT_NE(shown.out.find(label), std::string::npos) << label << shown.out;
  }
}

TEST_F(FromLogits, AModelHasNoParents) {
  const std::string text = (folder_.path() / "text.txt").string();
  std::ofstream(text) << "Hello";
  expect_refused({"perplexity", kBase, text, "--against-parents"}, {"no parents", "--against"});
  expect_refused({"perplexity", kBase, text, "--against", "/nowhere"}, {"/nowhere"});
}

}  // namespace
}  // namespace mod::testing
