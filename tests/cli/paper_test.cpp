// The paper kit as a person runs it, on narrow models with random weights.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "cli/support.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kKit = fs::path(MOD_SOURCE_DIR) / "examples/paper";
const std::string kTasks = MOD_SOURCE_DIR "/examples/specialists/tasks";
const std::string kGeneral = "Qwen/Qwen2.5-1.5B-Instruct";
const std::string kMath = "Qwen/Qwen2.5-Math-1.5B-Instruct";

TEST(PaperKit, RunsFromModelsToTheTable) {
  TempFolder folder;
  const fs::path out = folder / "out";
  const ProcessResult result =
      run_process({(kKit / "plumbing.sh").string(), MOD_PROGRAM, out.string(), "--tiny"});
  ASSERT_EQ(result.exit_code, 0) << result.err;

  const nlohmann::json json = nlohmann::json::parse(read_text(out / "results.json"));
  EXPECT_EQ(json["complete"], true);
  EXPECT_EQ(json["tasks"].size(), 12u);
  std::map<std::string, std::set<std::string>> labels;
  std::map<std::string, int> cells;
  for (const auto& entry : json["results"]) {
    const std::string label = entry["label"];
    labels[entry["kind"]].insert(label);
    ++cells[label];
    EXPECT_EQ(entry["n"], 1) << label;
    EXPECT_TRUE(entry.contains("accuracy_qwen")) << label;
  }
  for (const auto& [label, count] : cells) EXPECT_EQ(count, 12) << label;
  EXPECT_EQ(labels["model"],
            (std::set<std::string>{"Qwen2.5-1.5B-Instruct", "Qwen2.5-Math-1.5B-Instruct"}));
  EXPECT_EQ(labels["merge"],
            (std::set<std::string>{"breadcrumbs-1.5b", "dare_ties-1.5b", "linear-1.5b", "mod-1.5b",
                                   "slerp-1.5b", "task_arithmetic-1.5b", "ties-1.5b"}));
  EXPECT_EQ(labels["mixture"], (std::set<std::string>{"mixture-fixed-1.5b", "mixture-share-1.5b"}));
  EXPECT_EQ(labels["oracle"].size(), 1u);

  // What the page says about the pair, and what a merge with normalize is.
  EXPECT_NE(read_text(out / "plans/mod-1.5b.txt").find("rope_theta"), std::string::npos);
  EXPECT_TRUE(fs::exists(out / "merged/mod-1.5b/model.safetensors"));
  EXPECT_NE(read_text(out / "table.md").find("mixture-share-1.5b"), std::string::npos);
}

TEST(PaperKit, AddedParentsHaveTheNamesOfTheHub) {
  TempFolder folder;
  const fs::path hub = folder / "hub", data = folder / "one.jsonl";
  for (const std::string name : {"Qwen2.5-1.5B-Instruct", "Qwen2.5-Math-1.5B-Instruct"}) {
    const fs::path repository = hub / ("models--Qwen--" + name);
    write_text(repository / "refs/main", "0123456789abcdef");
    fs::create_directories(repository / "snapshots");
    fs::copy(fs::path(MOD_SOURCE_DIR) / "examples/specialists/base",
             repository / "snapshots/0123456789abcdef");
  }
  write_text(data, R"({"question": "1 + 1?", "answer": "2"})");
  const nlohmann::json json =
      run_json({"eval", (kKit / "mod-1.5b.yml").string(), "--tasks", data.string(), "--out",
                (folder / "run").string(), "-n", "1", "-q"},
               {{{"HF_HUB_CACHE", hub.string()}}, {}});
  std::map<std::string, std::string> models;
  for (const auto& entry : json["results"]) {
    if (entry["kind"] == "model") models[entry["model"]] = entry["label"];
  }
  EXPECT_EQ(models, (std::map<std::string, std::string>{{kGeneral, "Qwen2.5-1.5B-Instruct"},
                                                        {kMath, "Qwen2.5-Math-1.5B-Instruct"}}));
}

TEST(PaperKit, SaysWhichModelIsMissing) {
  TempFolder folder;
  const ProcessResult result =
      run_process({(kKit / "table.sh").string(), MOD_PROGRAM, "1.5b", (folder / "out").string(),
                   "--tasks", "math", "--data-dir", kTasks},
                  {{{"HF_HUB_CACHE", (folder / "none").string()}}, {}});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find(kGeneral), std::string::npos) << result.err;
}

}  // namespace
}  // namespace mod::testing
