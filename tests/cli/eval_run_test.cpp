#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/support.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;

const std::string kSource = MOD_SOURCE_DIR;
const std::string kBase = kSource + "/examples/specialists/base";
const std::string kMath = kSource + "/examples/specialists/math";
const std::string kData = kSource + "/examples/specialists/tasks";

class EvalRun : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  /// `mod eval` with the examples' data and results below the test's folder.
  std::vector<std::string> command(std::vector<std::string> rest) const {
    std::vector<std::string> all = {"eval", "--data-dir", kData, "--out", path("out")};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }

  TempFolder folder_;
};

TEST_F(EvalRun, PrintsATableAndWritesJson) {
  const std::string json = path("results.json");
  const ProcessResult result = run_mod(
      command({kMath, kBase, "--tasks", "math,code", "--limit", "20", "--json", json, "-q"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"math", "base", "code", "oracle", "100.0 [83.9, 100.0]", "85.0"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " in " << result.out;
  }
  nlohmann::json all;
  std::ifstream(json) >> all;
  ASSERT_EQ(all["results"].size(), 6u);
  const nlohmann::json& first = all["results"][0];
  EXPECT_EQ(first["model"], kMath);
  EXPECT_EQ(first["kind"], "model");
  EXPECT_EQ(first["task"], "math");
  EXPECT_EQ(first["n"], 20);
  EXPECT_EQ(first["accuracy"], 1.0);
  EXPECT_EQ(all["results"][4]["kind"], "oracle");
  EXPECT_TRUE(fs::exists(folder_.path() / "out/run.json"));
  EXPECT_TRUE(fs::exists(folder_.path() / "out/items/math.code.jsonl"));
}

TEST_F(EvalRun, APageHasTheLikenessOfTheModels) {
  const std::string html = path("page.html"), json = path("results.json");
  const std::vector<std::string> typed = command(
      {kMath, kBase, "--tasks", "math,code", "--limit", "3", "--html", html, "--json", json, "-q"});
  const auto read = [](const std::string& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const ProcessResult result = run_mod(typed);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json likeness = nlohmann::json::parse(read(json)).at("likeness");
  EXPECT_EQ(likeness["rows"], nlohmann::json({kMath, kBase}));
  EXPECT_EQ(likeness["source"], kMath);
  EXPECT_EQ(likeness["texts"], 6);
  EXPECT_EQ(likeness["top1"][0][0], 1.0);
  const double distance = likeness["jensen_shannon"][0][1];
  EXPECT_EQ(likeness["jensen_shannon"][1][0], distance);
  EXPECT_GT(distance, 0);
  EXPECT_LT(distance, 0.8326);
  const std::string page = read(html);
  for (const std::string& part :
       {std::string("Jensen-Shannon distance"),
        "same " + likeness["positions"].dump() + " positions, inside 6 replies of math:"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  std::vector<std::string> without = typed;
  without.push_back("--no-likeness");
  EXPECT_EQ(run_mod(without).exit_code, 0);
  EXPECT_FALSE(nlohmann::json::parse(read(json)).contains("likeness"));
  EXPECT_EQ(read(html).find("Jensen-Shannon"), std::string::npos);
}

TEST_F(EvalRun, JsonWithoutAFileGoesToStdout) {
  const nlohmann::json json = run_json(command({kBase, "--tasks", "french", "--limit", "3", "-q"}));
  EXPECT_EQ(json["results"][0]["n"], 3);
  EXPECT_EQ(json["complete"], true);
}

TEST_F(EvalRun, RecipesGetTheirParents) {
  const std::string recipe = kSource + "/examples/recipes/linear.yml";
  const nlohmann::json json =
      run_json(command({recipe, "--tasks", "french", "--limit", "2", "-q"}));
  std::vector<std::string> kinds;
  for (const auto& entry : json["results"]) kinds.push_back(entry["kind"]);
  EXPECT_EQ(kinds, (std::vector<std::string>{"model", "model", "model", "merge", "oracle"}));
  const nlohmann::json alone =
      run_json(command({recipe, "--tasks", "french", "--limit", "2", "--no-parents", "-q"}));
  EXPECT_EQ(alone["results"].size(), 1u);
}

TEST_F(EvalRun, JsonlFilesAreTasks) {
  const std::string file =
      write("mine.jsonl",
            "{\"question\": \"Write this in French: we carry eight cars\", \"answer\": "
            "\"nous portons huit voitures\"}\n");
  const nlohmann::json json =
      run_json(command({kSource + "/examples/specialists/french", "--tasks", file, "-q"}));
  EXPECT_EQ(json["results"][0]["task"], "mine");
  EXPECT_EQ(json["results"][0]["accuracy"], 1.0);
}

TEST_F(EvalRun, ListsTheTasks) {
  const ProcessResult result = run_mod({"eval", "--tasks", "list"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* part : {"gsm8k", "QwenLM/Qwen2.5-Math", "mmlu_stem", "qwen25-math-cot"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  }
  const nlohmann::json json = run_json({"eval", "--tasks", "list"});
  EXPECT_GE(json["tasks"].size(), 22u);
  EXPECT_EQ(json["tasks"][4]["licence"], "MIT");
}

TEST_F(EvalRun, ResumeGoesOnAndRefusesAnotherSeed) {
  const std::vector<std::string> typed = command({kBase, "--tasks", "math", "--limit", "4", "-q"});
  const ProcessResult first = run_mod(typed);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  std::vector<std::string> again = typed;
  again.push_back("--resume");
  EXPECT_EQ(run_mod(again).out, first.out);
  again.insert(again.end(), {"--seed", "3"});
  expect_refused(again, {"seed was 0 and is 3", "--overwrite"});
}

TEST_F(EvalRun, RefusesWhatItCannotDo) {
  expect_refused({"eval"}, {"mod eval --help"});
  expect_refused({"eval", kBase}, {"--tasks list"});
  expect_refused(command({kBase, "--tasks", "mathh"}), {"did you mean 'math'?"});
  expect_refused(command({kBase, kBase + "/", "--tasks", "math"}), {"same model"});
  expect_refused(command({"/no/such/model", "--tasks", "math"}), {"/no/such/model"});
  expect_refused(command({kBase, "--tasks", "gsm8k"}), {"QwenLM/Qwen2.5-Math", "--data-dir"});
  expect_refused(command({kBase, "--tasks", "math", "--samples", "2"}), {"--temperature"});
  expect_refused(command({kBase, "--tasks", "math", "--shots", "2"}), {"no examples"});
  expect_refused(command({kBase, "--tasks", "math", "--prompt", "chatt"}),
                 {"did you mean 'chat'?"});
  expect_refused(command({kBase, "--tasks", "math", "--json", kData}), {"--json -"});
  expect_refused(command({kBase, "--tasks", "math", "--resume", "--overwrite"}), {"exclude"});
  EXPECT_FALSE(fs::exists(folder_.path() / "out"));
}

}  // namespace
}  // namespace mod::testing
