// Runs a real process on a disk that fails (tests/fault/shim.cpp).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "io/file.h"
#include "io/temp_folder.h"
#include "mod/error.h"

namespace mod::io {
namespace {

struct Outcome {
  int code = -1;    // exit code, or
  int signal = 0;   // the signal that ended it
  std::string out;  // its stdout
};

std::string read_all(int fd) {
  std::string out;
  char chunk[4096];
  for (ssize_t n = 0; (n = ::read(fd, chunk, sizeof chunk)) > 0;) {
    out.append(chunk, static_cast<std::size_t>(n));
  }
  return out;
}

/// Runs fault_probe under the shim with these variables ("NAME=VALUE") set.
Outcome probe(const std::vector<std::string>& arguments, const std::vector<std::string>& faults) {
  std::vector<std::string> environment = {
      std::string("LD_PRELOAD=") + MOD_FAULT_SHIM,
      "ASAN_OPTIONS=verify_asan_link_order=0:alloc_dealloc_mismatch=0"};
  environment.insert(environment.end(), faults.begin(), faults.end());
  std::vector<std::string> words = {MOD_FAULT_PROBE};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : environment) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  ::close(ends[1]);
  Outcome outcome;
  outcome.out = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

int code_of(ErrorCode code) { return 10 + static_cast<int>(code); }

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class Fault : public ::testing::Test {
 protected:
  test::TempFolder folder;
  std::string file = folder / "data.bin";
  const std::string size = "300001";

  void SetUp() override { ASSERT_EQ(probe({"write", file, size}, {}).code, 0); }
};

TEST_F(Fault, ShortAndInterruptedReadsAreCompleted) {
  EXPECT_EQ(probe({"read", file, size}, {"MOD_FAULT_READ_MOST=4099"}).code, 0);
  EXPECT_EQ(probe({"read", file, size}, {"MOD_FAULT_READ_MOST=997", "MOD_FAULT_READ_EINTR=5"}).code,
            0);
}

TEST_F(Fault, ReadErrorIsReportedWithItsPlace) {
  const Outcome o =
      probe({"read", file, size}, {"MOD_FAULT_READ_MOST=1000", "MOD_FAULT_READ_EIO=5000"});
  EXPECT_EQ(o.code, code_of(ErrorCode::kIo));
  EXPECT_TRUE(contains(o.out, "byte 5000")) << o.out;
  EXPECT_TRUE(contains(o.out, "data.bin: Input/output error")) << o.out;
}

TEST_F(Fault, FileThatEndsEarlyIsCorrupt) {
  const Outcome o = probe({"read", file, size}, {"MOD_FAULT_READ_END=123456"});
  EXPECT_EQ(o.code, code_of(ErrorCode::kCorruptFile));
  EXPECT_TRUE(contains(o.out, "123456 there")) << o.out;
}

TEST_F(Fault, OnlyTheNamedFilesFail) {
  EXPECT_EQ(probe({"read", file, size}, {"MOD_FAULT_PATH=other", "MOD_FAULT_READ_EIO=0"}).code, 0);
  EXPECT_NE(probe({"read", file, size}, {"MOD_FAULT_PATH=data", "MOD_FAULT_READ_EIO=0"}).code, 0);
}

TEST_F(Fault, InterruptedWritesAreCompleted) {
  EXPECT_EQ(probe({"write", file, size}, {"MOD_FAULT_WRITE_EINTR=7"}).code, 0);
  EXPECT_EQ(probe({"read", file, size}, {}).code, 0);
}

TEST_F(Fault, FullDiskDuringWrite) {
  const Outcome o = probe({"write", file, size}, {"MOD_FAULT_WRITE_ENOSPC=100000"});
  EXPECT_EQ(o.code, code_of(ErrorCode::kIo));
  EXPECT_TRUE(contains(o.out, "byte 100000")) << o.out;
  EXPECT_TRUE(contains(o.out, "No space left")) << o.out;
  EXPECT_TRUE(contains(o.out, "free some space")) << o.out;
}

TEST_F(Fault, WriteErrorAndSyncError) {
  EXPECT_EQ(probe({"write", file, size}, {"MOD_FAULT_WRITE_EIO=0"}).code, code_of(ErrorCode::kIo));
  EXPECT_EQ(probe({"write", file, size}, {"MOD_FAULT_SYNC=EIO"}).code, code_of(ErrorCode::kIo));
}

TEST_F(Fault, FullDiskIsNoticedWhenReserving) {
  const Outcome o = probe({"write", file, size}, {"MOD_FAULT_FALLOCATE=ENOSPC"});
  EXPECT_EQ(o.code, code_of(ErrorCode::kIo));
  EXPECT_TRUE(contains(o.out, "reserve 292.97 KiB (300001 bytes)")) << o.out;
}

TEST_F(Fault, FileSystemsWithoutReservationWork) {
  for (const char* reason : {"MOD_FAULT_FALLOCATE=EOPNOTSUPP", "MOD_FAULT_FALLOCATE=ENOSYS"}) {
    EXPECT_EQ(probe({"write", file, size}, {reason}).code, 0) << reason;
    EXPECT_EQ(probe({"read", file, size}, {}).code, 0);
  }
}

TEST_F(Fault, AtomicWriteKeepsTheOldFileOnEveryFailure) {
  const std::string temporary = file + std::string(kTempSuffix);
  for (const char* fault :
       {"MOD_FAULT_WRITE_EIO=1000", "MOD_FAULT_WRITE_ENOSPC=299999", "MOD_FAULT_SYNC=EIO"}) {
    EXPECT_EQ(probe({"atomic", file, "500000"}, {fault}).code, code_of(ErrorCode::kIo)) << fault;
    EXPECT_EQ(probe({"read", file, size}, {}).code, 0) << fault;
    EXPECT_EQ(File::open_read(file).size(), 300001u) << fault;
    EXPECT_FALSE(std::filesystem::exists(temporary)) << fault;
  }
}

TEST_F(Fault, KilledAtomicWriteKeepsTheOldFile) {
  for (const char* fault :
       {"MOD_FAULT_WRITE_KILL=1", "MOD_FAULT_WRITE_KILL=250000", "MOD_FAULT_WRITE_KILL=500000"}) {
    EXPECT_EQ(probe({"atomic", file, "500000"}, {fault}).signal, SIGKILL) << fault;
    EXPECT_EQ(File::open_read(file).size(), 300001u) << fault;
  }
  // What the killed process left does not stop the next one.
  EXPECT_EQ(probe({"atomic", file, "500000"}, {}).code, 0);
  EXPECT_EQ(probe({"read", file, "500000"}, {}).code, 0);
}

}  // namespace
}  // namespace mod::io
