// `mod fit` as a process: what goes where, and what is left of a failure.
#include <cmath>
#include <fstream>

#include "cli/support.h"
#include "support/tiny_model.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;

const std::string kRoot = MOD_SOURCE_DIR;

/// The first lines of a task's fit data in a file of their own.
std::string some_data(const TempFolder& folder, const std::string& task, int lines) {
  std::ifstream in(kRoot + "/examples/specialists/tasks/" + task + ".fit.jsonl");
  const fs::path path = folder.path() / (task + ".jsonl");
  std::ofstream out(path);
  for (std::string line; lines-- > 0 && std::getline(in, line);) out << line << "\n";
  return path.string();
}

const std::string kWeights = kRoot + "/examples/mixtures/weights.yml";

TEST(FitCommand, WritesAMixtureThatFindsTheSameModels) {
  const TempFolder folder;
  const std::string data = some_data(folder, "code", 8);
  const std::string out = (folder.path() / "fitted.yml").string();
  const auto report = run_json({"fit", kWeights, "--data", data, "-o", out});
  EXPECT_EQ(report["fitted"], "weights");
  EXPECT_EQ(report["texts"], 8);
  EXPECT_EQ(report["file"], out);
  EXPECT_FALSE(report.contains("yaml"));
  EXPECT_GT(report["experts"][1]["weight"], 0.95);
  EXPECT_GE(report["after"]["log_likelihood"], report["before"]["log_likelihood"]);
  EXPECT_NE(report["warnings"].dump().find("expert math is useless"), std::string::npos);
  // From another folder, with nothing left to gain.
  const auto again = run_json({"fit", out, "--data", data}, {{}, folder.path()});
  EXPECT_NEAR(again["before"]["log_likelihood"], report["after"]["log_likelihood"], 1e-9);
  EXPECT_GE(again["after"]["log_likelihood"], again["before"]["log_likelihood"]);
  const auto answer = run_json({"run", out, "--ids", "1,87,85", "-n", "2"}, {{}, folder.path()});
  EXPECT_EQ(answer["generated_tokens"], 2);
}

TEST(FitCommand, MixtureToStdoutAndReportToStderr) {
  const TempFolder folder;
  const std::string data = some_data(folder, "math", 4);
  const std::string models = kRoot + "/examples/specialists/";
  // No weights are written: they are what is looked for.
  const ProcessResult result =
      run_mod({"fit", "--expert", "math=" + models + "math", "--expert", "code=" + models + "code",
               "--gate", "fixed", "--data", data});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.rfind("# mod fit on math.jsonl", 0), 0u) << result.out;
  EXPECT_NE(result.out.find("\nexperts:"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("mixture before"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("mixture after"), std::string::npos);
  EXPECT_EQ(result.out.find("mixture before"), std::string::npos);
  std::ofstream(folder.path() / "again.yml") << result.out;
  const auto report = run_json({"fit", (folder.path() / "again.yml").string(), "--data", data});
  EXPECT_GT(report["experts"][0]["weight_before"], 0.9);
  EXPECT_EQ(report["file"], nullptr);
  EXPECT_NE(report["yaml"].get<std::string>().find("weight:"), std::string::npos);
}

TEST(FitCommand, ReportGoesToStdoutWithAFile) {
  const TempFolder folder;
  const std::string data = some_data(folder, "math", 3);
  const std::string out = (folder.path() / "m.yml").string();
  const auto arguments = std::vector<std::string>{
      "fit", kRoot + "/examples/mixtures/share.yml", "--data", data, "-o", out, "-q"};
  const ProcessResult result = run_mod(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("rate = "), std::string::npos) << result.out;
  EXPECT_EQ(result.err, "");
  const std::string written = read_text(out);
  EXPECT_NE(written.find("rate"), std::string::npos);
  expect_refused(arguments, {"it exists"});
  EXPECT_EQ(read_text(out), written);
}

TEST(FitCommand, FailuresLeaveNothing) {
  const TempFolder folder;
  const std::string bad = (folder.path() / "bad.jsonl").string();
  std::ofstream(bad) << "{\"text\": \"a b c\"}\n{\"txt\": 1}\n";
  const std::string out = (folder.path() / "m.yml").string();
  expect_refused({"fit", kWeights, "--data", bad, "-o", out}, {"bad.jsonl:2", "\"text\""});
  expect_refused({"fit", kWeights, "--data", bad + "x", "-o", out}, {"bad.jsonlx"});
  expect_refused({"fit", kRoot + "/examples/mixtures/proxy.yml", "--data", bad, "-o", out},
                 {"rule proxy", "mod eval"});
  expect_refused({"fit", kRoot + "/examples/specialists/math", "--data", bad}, {"is no mixture"});
  expect_refused({"fit", kWeights, "--data", bad, "-o", (folder.path() / "m.txt").string()},
                 {"*.yml"});
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    files += entry.path().filename() == "bad.jsonl" ? 0 : 1;
  }
  EXPECT_EQ(files, 0u);
}

}  // namespace
}  // namespace mod::testing
