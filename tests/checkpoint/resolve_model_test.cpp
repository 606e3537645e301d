#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "checkpoint/model_folder.h"
#include "checkpoint/support.h"

namespace mod::checkpoint::test {
namespace {

namespace fs = std::filesystem;

/// Sets an environment variable (or unsets it) until the end of the test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value.empty() ? unsetenv(name) : setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class ResolveModel : public ::testing::Test {
 protected:
  ResolveModel() {
    fs::create_directories(folder / "recipes");
    fs::create_directories(folder / "work");
    fs::current_path(folder / "work");
  }
  ~ResolveModel() override { fs::current_path(before_); }

  fs::path resolve(const std::string& name, const std::string& revision = "") const {
    return resolve_model(name, revision, folder / "recipes");
  }
  void expect_missing(const std::string& name, std::string_view part,
                      const std::string& revision = "") const {
    expect_error([&] { resolve(name, revision); }, ErrorCode::kInvalidInput, part);
  }
  fs::path cached(const std::string& repository, const std::string& hash) const {
    const fs::path path = folder / "cache" / repository / "snapshots" / hash;
    fs::create_directories(path);
    return path;
  }

  const TempFolder folder;

 private:
  const fs::path before_ = fs::current_path();
  const Variable hub_{"HF_HUB_CACHE", (folder / "cache").string()};
};

TEST_F(ResolveModel, LooksBesideTheRecipeThenInTheWorkingFolder) {
  expect_missing("m", "'m' not found; looked at " + (folder / "recipes/m").string());
  fs::create_directories(folder / "work/m");
  EXPECT_TRUE(fs::equivalent(resolve("m"), folder / "work/m"));
  fs::create_directories(folder / "recipes/n");
  EXPECT_TRUE(fs::equivalent(resolve("n"), folder / "recipes/n"));
  EXPECT_TRUE(fs::equivalent(resolve("../recipes/n"), folder / "recipes/n"));
}

TEST_F(ResolveModel, TwoDifferentFoldersOfOneNameAreAnError) {
  fs::create_directories(folder / "work/m");
  fs::create_directories(folder / "recipes/m");
  expect_missing("m", "'m' exists twice");
  fs::remove(folder / "work/m");
  fs::create_directory_symlink(folder / "recipes/m", folder / "work/m");
  EXPECT_TRUE(fs::equivalent(resolve("m"), folder / "recipes/m"));
}

TEST_F(ResolveModel, AbsolutePathsAreTakenAsTheyAre) {
  EXPECT_EQ(resolve(folder.path().string()), folder.path());
  expect_missing("/nowhere/at/all", "does not exist");
  expect_missing("", "empty");
}

TEST_F(ResolveModel, FindsRevisionsInTheHubCache) {
  const fs::path main = cached("models--org--name", "aaaa"),
                 other = cached("models--org--name", "bbbb");
  expect_missing("org/name", "(revision 'main' is not there)");
  const fs::path refs = folder / "cache/models--org--name/refs";
  write_text(refs / "main", "aaaa\n");
  write_text(refs / "refs/pr/1", "bbbb");
  EXPECT_EQ(resolve("org/name"), main);
  EXPECT_EQ(resolve("org/name", "bbbb"), other);
  EXPECT_EQ(resolve("org/name", "refs/pr/1"), other);
  expect_missing("org/name", "(revision 'v2' is not there)", "v2");
  const fs::path plain = cached("models--gpt2", "cccc");
  write_text(folder / "cache/models--gpt2/refs/main", "cccc");
  EXPECT_EQ(resolve("gpt2"), plain);
}

TEST_F(ResolveModel, ASnapshotKnowsItsName) {
  EXPECT_EQ(hub_name("/c/models--org--name/snapshots/aaaa"), "org/name");
  EXPECT_EQ(hub_name("/c/models--Qwen--Qwen2.5-Math-1.5B-Instruct/snapshots/0f"),
            "Qwen/Qwen2.5-Math-1.5B-Instruct");
  EXPECT_EQ(hub_name("/c/models--gpt2/snapshots/aaaa"), "gpt2");
  EXPECT_EQ(hub_name("/c/models--org--na--me/snapshots/aaaa"), "org/na--me");
  for (const char* other : {"", "/", "/c/models--org--name", "/c/models--org--name/blobs/aaaa",
                            "/c/org--name/snapshots/aaaa", "/c/models--/snapshots/aaaa",
                            "/c/models----name/snapshots/a", "snapshots/aaaa"}) {
    EXPECT_EQ(hub_name(other), "") << other;
  }
}

TEST_F(ResolveModel, NamesAndReferencesCannotLeaveTheCache) {
  cached("models--org--name", "aaaa");
  write_text(folder / "cache/models--org--name/refs/main", "../../../work");
  expect_missing("org/name", "not found");
  expect_missing("org/name", "is not a name or a commit", "../../x");
  expect_missing("org/name", "is not a name or a commit", "/etc");
  expect_missing("org/../name", "not found");
  expect_missing("a/b/c", "not found");
}

TEST_F(ResolveModel, OtherVariablesNameTheCacheToo) {
  const Variable none("HF_HUB_CACHE", ""), old("HUGGINGFACE_HUB_CACHE", "");
  const fs::path hub = folder / "home/.cache/huggingface/hub/models--m/snapshots/aaaa";
  fs::create_directories(hub);
  write_text(folder / "home/.cache/huggingface/hub/models--m/refs/main", "aaaa");
  {
    const Variable home("HF_HOME", (folder / "home/.cache/huggingface").string());
    EXPECT_EQ(resolve("m"), hub);
  }
  const Variable no_home("HF_HOME", ""), no_cache("XDG_CACHE_HOME", ""),
      home("HOME", (folder / "home").string());
  EXPECT_EQ(resolve("m"), hub);
}

}  // namespace
}  // namespace mod::checkpoint::test
