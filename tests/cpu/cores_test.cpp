#include "cpu/cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include "cpu/isa.h"

namespace mod::cpu {
namespace {

namespace fs = std::filesystem;

class Cgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "mod-cgroup-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  fs::path root_;
};

TEST_F(Cgroups, NoQuotaNoLimit) {
  EXPECT_EQ(cgroup_cores(root_, ""), std::nullopt);
  EXPECT_EQ(cgroup_cores(root_, "0::/a/b\n"), std::nullopt);
  write("a/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/a\n"), std::nullopt);
}

TEST_F(Cgroups, Version2QuotaIsRoundedUp) {
  write("a/cpu.max", "200000 100000\n");
  write("b/cpu.max", "150000 100000\n");
  write("c/cpu.max", "1000 100000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/a\n"), 2);
  EXPECT_EQ(cgroup_cores(root_, "0::/b\n"), 2);
  EXPECT_EQ(cgroup_cores(root_, "0::/c\n"), 1);
}

TEST_F(Cgroups, TheSmallestQuotaAboveCounts) {
  write("a/cpu.max", "300000 100000\n");
  write("a/b/cpu.max", "max 100000\n");
  write("a/b/c/cpu.max", "800000 100000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/a/b/c\n"), 3);
}

// In a container the path may be the host's, while the mount shows the container's own group.
TEST_F(Cgroups, TheMountItselfCounts) {
  write("cpu.max", "400000 100000\n");
  EXPECT_EQ(cgroup_cores(root_, "0::/not/mounted/here\n"), 4);
}

TEST_F(Cgroups, Version1) {
  write("cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n");
  write("cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  write("cpu/job/cpu.cfs_quota_us", "-1\n");
  write("cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cores(root_, "5:memory:/job\n4:cpu,cpuacct:/job\n"), 3);
  EXPECT_EQ(cgroup_cores(root_, "4:cpu:/job\n"), std::nullopt);
  EXPECT_EQ(cgroup_cores(root_, "4:cpuset:/job\n"), std::nullopt);
}

TEST_F(Cgroups, NonsenseSetsNoLimit) {
  write("a/cpu.max", "many of them");
  write("b/cpu.max", "100000 0");
  write("c/cpu.max", "-5 100000");
  write("d/cpu.max", "nan 100000");
  for (const char* line : {"0::/a", "0::/b", "0::/c", "0::/d", "0", "0:", "::", ":::", "garbage"}) {
    EXPECT_EQ(cgroup_cores(root_, line), std::nullopt) << line;
  }
  write("e/cpu.max", "99999999999999999999 1");
  EXPECT_GE(cgroup_cores(root_, "0::/e").value_or(1), 1);
}

TEST(UsableCores, IsWithinTheMachine) {
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), static_cast<int>(sysconf(_SC_NPROCESSORS_CONF)));
}

TEST(UsableCores, FollowsTheAffinity) {
  int cores = 0;
  // In a thread of its own: its affinity ends with it.
  std::thread([&cores] {
    cpu_set_t all, one;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &all)) {
        CPU_SET(cpu, &one);
        break;
      }
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    cores = usable_cores();
  }).join();
  EXPECT_EQ(cores, 1);
}

}  // namespace
}  // namespace mod::cpu
