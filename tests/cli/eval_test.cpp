#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/support.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;

class Eval : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    const fs::path file = fs::path(::testing::TempDir()) /
                          (std::string("mod_eval_") +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
};

TEST_F(Eval, GradePrintsOneLineForEach) {
  const std::string file = write(
      "{\"pred\":\"\\\\frac{1}{2}\",\"gold\":\"0.5\"}\n\n"
      "{\"pred\":\"x=2,y=3\",\"gold\":\"x=2,y=5\"}\n{\"pred\":null,\"gold\":\"1\"}\n"
      "{\"pred\":\"1\"}\n");
  const std::string head = "{\"equal\":true,\"pred\":\"\\\\frac{1}{2}\",\"gold\":\"0.5\"}\n";
  const std::string tail =
      ",\"pred\":\"x=2,y=3\",\"gold\":\"x=2,y=5\"}\n"
      "{\"equal\":false,\"pred\":null,\"gold\":\"1\"}\n"
      "{\"equal\":null,\"pred\":\"1\",\"gold\":null}\n";
  EXPECT_EQ(run_mod({"eval", "grade", "--jsonl", file}).out, head + "{\"equal\":false" + tail);
  EXPECT_EQ(run_mod({"eval", "grade", "--jsonl", file, "--mode", "qwen"}).out,
            head + "{\"equal\":true" + tail);
}

TEST_F(Eval, GradeTakesWholeReplies) {
  const std::string file = write(
      "{\"response\":\"So \\\\boxed{3.0}\",\"dataset\":\"math\",\"gold\":\"3\"}\n"
      "{\"response\":\"\",\"dataset\":\"math\"}\n"
      "{\"response\":\"The answer is (C).\",\"dataset\":\"mmlu_stem\"}\n");
  EXPECT_EQ(run_mod({"eval", "grade", "--raw", "--jsonl", file}).out,
            "{\"equal\":true,\"pred\":\"3\",\"gold\":\"3\"}\n"
            "{\"equal\":null,\"pred\":null,\"gold\":null}\n"
            "{\"equal\":null,\"pred\":\"C\",\"gold\":null}\n");
}

TEST_F(Eval, NormalizePrintsBothForms) {
  const std::string file = write("{\"in\":\"3 m+1\"}\n");
  EXPECT_EQ(run_mod({"eval", "normalize", "--jsonl", file}).out,
            "{\"out\":\"3+1\",\"out_skip_unit\":\"3m+1\"}\n");
}

TEST_F(Eval, ErrorsNameFileAndLine) {
  expect_refused({"eval", "grade", "--jsonl", write("\n[1]\n")}, {":2:", "not a JSON object"});
  expect_refused({"eval", "grade", "--jsonl", write("{\"gold\":\"1\"}")}, {":1:", "'pred'"});
  expect_refused({"eval", "grade", "--jsonl", write("{\"pred\":1}")}, {":1:", "must be a string"});
  expect_refused({"eval", "grade", "--raw", "--jsonl", write("{\"response\":\"1\"}")},
                 {":1:", "'dataset' is missing"});
  expect_refused({"eval", "normalize", "--jsonl", write("{\"in\":\"\xff\"}")}, {":1:", "UTF-8"});
  expect_refused({"eval", "normalize", "--jsonl", write(std::string(100000, '['))}, {":1:"});
  expect_refused({"eval", "normalize", "--jsonl", "/no/such/file"}, {"/no/such/file"});
  expect_refused({"eval", "grade", "--jsonl", write(""), "--mode", "loose"}, {"--mode"});
  expect_refused({"eval"}, {"mod eval --help"});
}

TEST_F(Eval, HelpShowsExamples) {
  for (const char* name : {"grade", "normalize"}) {
    const ProcessResult result = run_mod({"eval", name, "--help"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_NE(result.out.find("Example:\n  mod eval "), std::string::npos) << result.out;
  }
}

}  // namespace
}  // namespace mod::testing
