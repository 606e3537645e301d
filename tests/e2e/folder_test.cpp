// The output folder as a user meets it: what is refused, what is replaced, what is written beside
// the weights, and what `mod verify` notices.
#include "base/yaml.h"
#include "e2e/support.h"

namespace mod::testing {
namespace {

class Folder : public ::testing::Test {
 protected:
  void SetUp() override { write_text(folder_ / "recipe.yml", delta_recipe("ties")); }
  ProcessResult merge(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"merge", (folder_ / "recipe.yml").string(),
                                          out().string(), "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return mod_program(arguments);
  }
  fs::path out() { return folder_ / "out"; }

  TempFolder folder_;
};

TEST_F(Folder, AnEmptyFolderIsUsed) {
  fs::create_directories(out());
  EXPECT_EQ(merge().exit_code, 0);
}

TEST_F(Folder, WeightsOrUnknownFilesAreRefusedAndStayAsTheyAre) {
  write_text(out() / "thesis.tex", "years of work");
  const ProcessResult refused = merge();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("thesis.tex"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--overwrite"), std::string::npos) << refused.err;
  EXPECT_EQ(file_names(out()), std::vector<std::string>{"thesis.tex"});
}

TEST_F(Folder, OverwriteRemovesCheckpointFilesOnly) {
  ASSERT_EQ(merge({"--out-shard-size", "1500K"}).exit_code, 0);
  write_text(out() / "thesis.tex", "years of work");
  ASSERT_EQ(merge().exit_code, 2);
  ASSERT_EQ(merge({"--overwrite"}).exit_code, 0);
  EXPECT_EQ(read_text(out() / "thesis.tex"), "years of work");
  EXPECT_TRUE(fs::exists(out() / "model.safetensors"));
  for (const std::string& name : file_names(out())) {
    EXPECT_FALSE(name.starts_with("model-0") || name.ends_with("index.json")) << name;
  }
}

TEST_F(Folder, AnInputIsNeverTheOutput) {
  fs::copy(specialist("base"), folder_ / "base");
  const std::string base = (folder_ / "base").string();
  write_text(folder_ / "recipe.yml", pair_recipe("linear", base, specialist("math"), 0.5));
  const std::string before = read_text(folder_ / "base/model.safetensors");
  const ProcessResult refused =
      mod_program({"merge", (folder_ / "recipe.yml").string(), base, "--overwrite"});
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_TRUE(read_text(folder_ / "base/model.safetensors") == before);
}

TEST_F(Folder, HoldsEverythingAReaderNeeds) {
  ASSERT_EQ(merge().exit_code, 0);
  for (const char* name :
       {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "model.safetensors", "mergekit_config.yml", "README.md", "mod_report.json"}) {
    EXPECT_TRUE(fs::exists(out() / name)) << name;
  }
  EXPECT_EQ(read_text(out() / "mergekit_config.yml"), read_text(folder_ / "recipe.yml"));
  EXPECT_EQ(read_text(out() / "tokenizer.json"), read_text(specialist("base") + "/tokenizer.json"));
  const auto config = read_json(out() / "config.json"),
             donor = read_json(specialist("base") + "/config.json");
  EXPECT_EQ(config, donor);  // same dtype, layers and vocabulary: nothing to edit
}

TEST_F(Folder, ModelCardHasFrontMatterThatParses) {
  ASSERT_EQ(merge().exit_code, 0);
  const std::string card = read_text(out() / "README.md");
  ASSERT_TRUE(card.starts_with("---\n"));
  const auto end = card.find("\n---\n", 4);
  ASSERT_NE(end, std::string::npos);
  const yaml::Node front = yaml::parse_one(card.substr(4, end - 4), "README.md");
  ASSERT_NE(front.find("base_model"), nullptr);
  EXPECT_EQ(front.find("base_model")->items.size(), 3u);
  EXPECT_EQ(front.find("library_name")->text, "transformers");
  EXPECT_NE(card.find("merge_method: ties"), std::string::npos);
}

TEST_F(Folder, ReportFollowsItsSchema) {
  ASSERT_EQ(merge().exit_code, 0);
  const auto report = read_json(out() / "mod_report.json");
  for (const char* key : {"version", "method", "recipe", "inputs", "seconds", "bytes_read",
                          "bytes_written", "totals", "tensors", "fingerprint"}) {
    EXPECT_TRUE(report.contains(key)) << key;
  }
  ASSERT_EQ(report["inputs"].size(), 3u);
  for (const auto& input : report["inputs"]) {
    const fs::path file = fs::path(input["folder"].get<std::string>()) / input["files"][0]["file"];
    EXPECT_EQ(input["files"][0]["bytes"], fs::file_size(file));
    EXPECT_EQ(input["files"][0]["header_sha256"].get<std::string>().size(), 64u);
  }
  const auto merged = read_model(out());
  ASSERT_EQ(report["tensors"].size(), merged.size());
  for (const auto& tensor : report["tensors"]) {
    const RawTensor& raw = merged.at(tensor["name"]);
    EXPECT_EQ(tensor["shape"], nlohmann::json(raw.shape));
    EXPECT_EQ(tensor["dtype"], raw.dtype);
    EXPECT_EQ(tensor["elements"], raw.bytes.size() / 2);
    EXPECT_EQ(tensor["nonfinite"], 0);
    EXPECT_EQ(tensor["method"], "ties");
    EXPECT_EQ(tensor["taken"].size(), 3u);
    EXPECT_EQ(tensor["delta_norm"].size(), 3u);
    EXPECT_EQ(tensor["sha256"].get<std::string>().size(), 64u);
  }
}

TEST_F(Folder, VerifyNamesTheTensorWithAFlippedBit) {
  ASSERT_EQ(merge().exit_code, 0);
  ASSERT_EQ(mod_program({"verify", out().string()}).exit_code, 0);
  std::string bytes = read_text(out() / "model.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(out() / "model.safetensors", bytes);
  const ProcessResult broken = mod_program({"verify", out().string(), "--json"});
  EXPECT_EQ(broken.exit_code, 1);
  const auto json = nlohmann::json::parse(broken.out);
  EXPECT_EQ(json["ok"], false);
  ASSERT_EQ(json["problems"].size(), 1u);
  EXPECT_NE(json["problems"][0].get<std::string>().find("model.layers."), std::string::npos);
}

TEST_F(Folder, MistakesAreReportedTogetherAndNothingIsCreated) {
  write_text(folder_ / "recipe.yml", "merge_method: ties\nbase_model: " + specialist("base") +
                                         "\nmodels:\n- model: " + specialist("math") +
                                         "\n- model: " + specialist("code") +
                                         "\n- model: nowhere/to-be-found\n");
  const ProcessResult run = merge();
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("'nowhere/to-be-found' not found"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("needs the parameter 'weight'"), std::string::npos) << run.err;
  EXPECT_FALSE(fs::exists(out()));
}

}  // namespace
}  // namespace mod::testing
