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

}  // namespace
}  // namespace mod::testing
