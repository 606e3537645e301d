// Interrupted and failing merges: inputs stay untouched, nothing looks finished, the next run
// cleans up or resumes.
#include <signal.h>

#include <thread>

#include "base/hash.h"
#include "e2e/support.h"

#ifdef MOD_FAULT_SHIM
namespace mod::testing {
namespace {

/// One thread finishes the shards in order, so that at the renaming of the second the first is
/// recorded as finished, however slow the disk is.
constexpr const char* kSecondShard = "out/model-00002-of-";

/// A library that is loaded before the address sanitizer: see tests/fault/shim.cpp.
constexpr const char* kShimBesideAsan = "verify_asan_link_order=0:alloc_dealloc_mismatch=0";

class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    write_text(folder_ / "recipe.yml", delta_recipe("task_arithmetic"));
    for (const char* name : {"base", "math", "code"}) before_.push_back(hash(name));
  }
  void TearDown() override {
    std::vector<std::string> after;
    for (const char* name : {"base", "math", "code"}) after.push_back(hash(name));
    EXPECT_EQ(before_, after) << "an input was changed";
  }
  static std::string hash(const char* name) {
    return sha256_hex(read_text(fs::path(specialist(name)) / "model.safetensors"));
  }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> list = {"merge", (folder_ / "recipe.yml").string(), out().string(),
                                     "--out-shard-size", "1500K"};
    list.insert(list.end(), more.begin(), more.end());
    return list;
  }
  ProcessResult run(const std::vector<std::pair<std::string, std::string>>& faults,
                    std::vector<std::string> more = {}) {
    ProcessOptions options;
    options.environment = faults;
    if (!faults.empty()) {
      options.environment.emplace_back("LD_PRELOAD", MOD_FAULT_SHIM);
      options.environment.emplace_back("ASAN_OPTIONS", kShimBesideAsan);
    }
    return mod_program(arguments(std::move(more)), options);
  }
  fs::path out() { return folder_ / "out"; }
  std::vector<std::string> temporaries() {
    std::vector<std::string> names;
    for (const std::string& name : file_names(out())) {
      if (name.find(".mod-tmp") != std::string::npos) names.push_back(name);
    }
    return names;
  }
  void expect_good_merge() {
    EXPECT_TRUE(looks_finished(out()));
    EXPECT_TRUE(temporaries().empty());
    EXPECT_EQ(mod_program({"verify", out().string()}).exit_code, 0);
  }

  TempFolder folder_;
  std::vector<std::string> before_;
};

TEST_F(Faults, KilledRunLooksUnfinishedAndTheNextOneCleansUp) {
  const ProcessResult killed =
      run({{"MOD_FAULT_PATH", "out/"}, {"MOD_FAULT_WRITE_KILL", "3000000"}});
  ASSERT_EQ(killed.signal, SIGKILL) << killed.err;
  EXPECT_FALSE(looks_finished(out()));
  EXPECT_FALSE(temporaries().empty());
  const ProcessResult next = run({});
  ASSERT_EQ(next.exit_code, 0) << next.err;
  EXPECT_NE(next.err.find("did not finish"), std::string::npos) << next.err;
  expect_good_merge();
}

TEST_F(Faults, ResumedRunGivesTheSameBytes) {
  ASSERT_EQ(run({}).exit_code, 0);
  const auto expected = read_model(out());
  fs::remove_all(out());
  const ProcessResult killed = run({{"MOD_FAULT_RENAME_KILL", kSecondShard}}, {"--threads", "1"});
  ASSERT_EQ(killed.signal, SIGKILL) << killed.err;
  const ProcessResult resumed = run({}, {"--resume", "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_GE(nlohmann::json::parse(resumed.out)["resumed_shards"], 1);
  const auto merged = read_model(out());
  ASSERT_EQ(merged.size(), expected.size());
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(merged.at(name).bytes == tensor.bytes) << name;
  expect_good_merge();
}

TEST_F(Faults, ResumeOfAChangedRecipeStartsAnew) {
  const ProcessResult killed = run({{"MOD_FAULT_RENAME_KILL", kSecondShard}}, {"--threads", "1"});
  ASSERT_EQ(killed.signal, SIGKILL) << killed.err;
  const ProcessResult resumed = run({}, {"--resume", "--json", "--set", "parameters.lambda=0.5"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(nlohmann::json::parse(resumed.out)["resumed_shards"], 0);
  expect_good_merge();
}

TEST_F(Faults, FullDiskWhileWriting) {
  const ProcessResult full =
      run({{"MOD_FAULT_PATH", "out/"}, {"MOD_FAULT_WRITE_ENOSPC", "1000000"}});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
  EXPECT_FALSE(looks_finished(out()));
  ASSERT_EQ(run({}).exit_code, 0);
  expect_good_merge();
}

TEST_F(Faults, FullDiskIsNoticedWhenTheFilesAreReserved) {
  const ProcessResult full = run({{"MOD_FAULT_PATH", "out/"}, {"MOD_FAULT_FALLOCATE", "ENOSPC"}});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_FALSE(looks_finished(out()));
  EXPECT_TRUE(temporaries().empty());
}

TEST_F(Faults, ReadErrorNamesTheFile) {
  const ProcessResult failed =
      run({{"MOD_FAULT_PATH", "code/model.safetensors"}, {"MOD_FAULT_READ_EIO", "200000"}});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("code/model.safetensors"), std::string::npos) << failed.err;
  EXPECT_FALSE(looks_finished(out()));
}

TEST_F(Faults, ShortReadsAreContinued) {
  ASSERT_EQ(run({}).exit_code, 0);
  const auto expected = read_model(out());
  fs::remove_all(out());
  ASSERT_EQ(
      run({{"MOD_FAULT_PATH", "model.safetensors"}, {"MOD_FAULT_READ_MOST", "1000"}}).exit_code, 0);
  for (const auto& [name, tensor] : read_model(out())) {
    EXPECT_TRUE(expected.at(name).bytes == tensor.bytes) << name;
  }
}

TEST_F(Faults, SyncErrorFailsTheMerge) {
  const ProcessResult failed = run({{"MOD_FAULT_PATH", "out/"}, {"MOD_FAULT_SYNC", "EIO"}});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_FALSE(looks_finished(out()));
}

TEST_F(Faults, InterruptStopsCleanly) {
  // A larger merge, so that the signal arrives in the middle.
  const fs::path models = folder_ / "models";
  ASSERT_EQ(mod_program({"bench", "make-model", "--like", "qwen2.5-0.5b", "--layers", "2",
                         "--variants", "1", models.string(), "-q"})
                .exit_code,
            0);
  write_text(folder_ / "recipe.yml",
             "merge_method: linear\nmodels:\n- {model: " + (models / "base").string() +
                 ", parameters: {weight: 0.5}}\n- {model: " + (models / "ft1").string() +
                 ", parameters: {weight: 0.5}}\n");
  const pid_t child = start_process(
      {kProgram, "merge", (folder_ / "recipe.yml").string(), out().string(), "--threads", "1"}, {},
      folder_.path());
  while (temporaries().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  ::kill(child, SIGINT);
  const ProcessResult stopped = finish_process(child, folder_.path());
  EXPECT_EQ(stopped.exit_code, 1) << stopped.err;
  EXPECT_NE(stopped.err.find("stopped"), std::string::npos) << stopped.err;
  EXPECT_TRUE(temporaries().empty());
  EXPECT_FALSE(looks_finished(out()));
}

}  // namespace
}  // namespace mod::testing
#endif
