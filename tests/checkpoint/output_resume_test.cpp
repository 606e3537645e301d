// Runs that stop early and go on: --resume, full disks.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include "checkpoint/output_support.h"
#include "io/file.h"

namespace mod::checkpoint::test {
namespace {

const OutputFolder::Options kResume{.resume = true};
const std::string kFirst = "model-00001-of-00002.safetensors";

/// A run that fails after its first shard and keeps what it has.
void stop_after_first_shard(const fs::path& folder) {
  OutputFolder out(folder, {}, quiet());
  out.create_shards(layout(2), {});
  write_shard(out, 0);
  out.finish_shard(0);
  out.add_file("tokenizer.json", "tokenizer");
  io::write_file_atomic(folder / "mod_resume.json.mod-tmp", "state");
  out.keep_for_resume();
}

TEST(OutputResume, KeepsFinishedShardsAndTheStateAndGoesOn) {
  const TempFolder temp;
  stop_after_first_shard(temp.path());
  EXPECT_EQ(names(temp.path()), (Names{"mod_merge.mod-tmp", "mod_resume.json.mod-tmp", kFirst}));
  OutputFolder::check(temp.path(), kResume);
  {
    OutputFolder out(temp.path(), kResume, quiet());
    EXPECT_EQ(read_text(temp / "mod_resume.json.mod-tmp"), "state");
    out.create_shards(layout(2), {true, false});
    std::string data(5, '?');
    out.shard_file(0).read_at(std::as_writable_bytes(std::span(data.data(), data.size())), 7);
    EXPECT_EQ(data, "DATA1");
    const std::byte byte{};
    expect_error([&] { out.write(0, 7, {&byte, 1}); }, ErrorCode::kInternal, "of shard 0");
    out.finish_shard(0);
    write_shard(out, 1);
    out.finish_shard(1);
    add_small_files(out);
    out.commit(kIndexName);
  }
  EXPECT_EQ(names(temp.path()), kFinished);
  EXPECT_EQ(read_text(temp / kFirst), "HEADER1DATA1....");
  EXPECT_EQ(read_text(temp / "model-00002-of-00002.safetensors"), "HEADER2DATA2....");
}

TEST(OutputResume, AKilledRunCanBeResumedToo) {
  const TempFolder temp;
  run_killed_at(3, temp / "out");
  OutputFolder out(temp / "out", kResume, quiet());
  EXPECT_TRUE(names(temp / "out").contains(kFirst));
  out.create_shards(layout(2), {true, false});
  EXPECT_TRUE(names(temp / "out").contains(kFirst));
}

TEST(OutputResume, WithoutTheOptionTheLeftoversGo) {
  const TempFolder temp;
  stop_after_first_shard(temp.path());
  const OutputFolder out(temp.path(), {}, quiet());
  EXPECT_EQ(names(temp.path()), (Names{"mod_merge.mod-tmp"}));
}

TEST(OutputResume, OnAnEmptyFolderItIsAnOrdinaryRun) {
  const TempFolder temp;
  run(temp / "out", kResume);
  EXPECT_EQ(names(temp / "out"), kFinished);
}

TEST(OutputResume, AShardOfAnotherRecipeIsRefusedAndLeftAlone) {
  const TempFolder temp;
  stop_after_first_shard(temp.path());
  write_text(temp / kFirst, "HEADER1DATA1...");
  const auto resume = [&] {
    OutputFolder out(temp.path(), kResume, quiet());
    out.create_shards(layout(2), {true, false});
  };
  expect_error(resume, ErrorCode::kInvalidInput, "not the shard of this recipe");
  write_text(temp / kFirst, "HEADERxDATA1....");
  expect_error(resume, ErrorCode::kInvalidInput, "not the shard of this recipe");
  EXPECT_TRUE(fs::exists(temp / kFirst));
  fs::rename(temp / kFirst, temp / "elsewhere");
  fs::create_symlink("elsewhere", temp / kFirst);
  expect_error(resume, ErrorCode::kInvalidInput, "a link where a finished shard should be");
  fs::remove(temp / kFirst);
  expect_error(resume, ErrorCode::kInvalidInput, kFirst);
}

TEST(OutputResume, ShardsThatTheNewLayoutDoesNotHaveAreRemoved) {
  const TempFolder temp;
  stop_after_first_shard(temp.path());
  OutputFolder out(temp.path(), kResume, quiet());
  out.create_shards(layout(3), {});
  EXPECT_FALSE(fs::exists(temp / kFirst));
  for (int i = 0; i < 3; ++i) out.finish_shard(i);
  add_small_files(out);
  out.commit(kIndexName);
  EXPECT_EQ(names(temp.path()).size(), 6u);
}

TEST(OutputResume, ARunThatFailsBeforeItsLayoutTouchesNothing) {
  const TempFolder temp;
  stop_after_first_shard(temp.path());
  const Names before = names(temp.path());
  {
    OutputFolder out(temp.path(), kResume, quiet());
  }
  EXPECT_EQ(names(temp.path()), before);
}

/// Files may not grow above `bytes` until the end of the scope: writes fail with EFBIG.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, signal_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*signal_)(int);
};

TEST(OutputFault, AShardThatCannotBeReservedLeavesNothing) {
  const TempFolder temp;
  {
    const FileSizeLimit limit(4096);
    OutputFolder out(temp / "out", {}, quiet());
    std::vector<ShardLayout> shards = layout(2);
    shards[1].size = 1 << 20;
    expect_error([&] { out.create_shards(shards, {}); }, ErrorCode::kIo, "model-00002-of-00002");
  }
  EXPECT_FALSE(fs::exists(temp / "out"));
}

/// In a child with a file system of its own of 256 KiB: 0 if the disk was noticed to be full and
/// nothing was left, 77 where such a file system cannot be had.
int fill_small_disk(const fs::path& place) {
  return in_child([&] {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("tmpfs", place.c_str(), "tmpfs", 0, "size=256k") != 0) {
      _exit(77);
    }
    std::vector<ShardLayout> shards = layout(2);
    shards[0].size = shards[1].size = 200'000;
    try {
      OutputFolder out(place / "out", {}, quiet());
      out.create_shards(shards, {});
      _exit(1);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) _exit(2);
    }
    if (fs::exists(place / "out")) _exit(3);
    try {  // the small files do not fit beside a shard that does
      OutputFolder out(place / "out", {}, quiet());
      out.create_shards({shards[0]}, {});
      out.finish_shard(0);
      out.add_file("tokenizer.json", std::string(100'000, 't'));
      _exit(4);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) _exit(5);
    }
    if (fs::exists(place / "out")) _exit(6);
  });
}

TEST(OutputFault, AFullDiskIsNoticedBeforeTheWorkAndLeavesNothing) {
  const TempFolder temp;
  const int status = fill_small_disk(temp.path());
  if (status == 77) GTEST_SKIP() << "no right to mount a small file system";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace mod::checkpoint::test
