#include "cpu/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

#include "cpu/isa.h"

namespace mod::cpu {
namespace {

namespace fs = std::filesystem;

constexpr int kMostCores = 1 << 16;

std::optional<int> cores_of(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return std::nullopt;
  return static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, double{kMostCores}));
}

/// "200000 100000" or "max 100000".
std::optional<int> quota_v2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period)) return std::nullopt;
  return cores_of(quota, period);
}

/// A quota of -1 means none.
std::optional<int> quota_v1(const fs::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  return cores_of(quota, period);
}

/// The smallest quota of `group` below `root` and of every group above it. Inside a container the
/// group's path may name the host's tree, which is not mounted: then only `root` itself is there.
template <class Quota>
std::optional<int> smallest_quota(const fs::path& root, std::string_view group, Quota quota) {
  std::optional<int> least = quota(root);
  fs::path current = root;
  for (const fs::path& part : fs::path(group).relative_path()) {
    current /= part;
    const std::optional<int> here = quota(current);
    if (here && (!least || *here < *least)) least = here;
  }
  return least;
}

bool names_cpu(std::string_view controllers) {
  std::istringstream list{std::string(controllers)};
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

int affinity_cores() {
  // A set for more processors than any kernel supports today: a smaller one fails with EINVAL.
  constexpr int kBits = kMostCores;
  cpu_set_t* set = CPU_ALLOC(kBits);
  if (set == nullptr) return 1;
  const std::size_t size = CPU_ALLOC_SIZE(kBits);
  CPU_ZERO_S(size, set);
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  if (sched_getaffinity(0, size, set) == 0) cores = CPU_COUNT_S(size, set);
  CPU_FREE(set);
  return std::max(cores, 1);
}

}  // namespace

std::optional<int> cgroup_cores(const fs::path& root, std::string_view membership) {
  std::optional<int> least;
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {
    // hierarchy:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    std::optional<int> here;
    if (controllers.empty()) {
      here = smallest_quota(root, group, quota_v2);
    } else if (names_cpu(controllers)) {
      here = smallest_quota(root / controllers, group, quota_v1);
    }
    if (here && (!least || *here < *least)) least = here;
  }
  return least;
}

int usable_cores() {
  const int cores = affinity_cores();
  std::ifstream file("/proc/self/cgroup");
  std::ostringstream membership;
  membership << file.rdbuf();
  const std::optional<int> quota = cgroup_cores("/sys/fs/cgroup", membership.str());
  return quota ? std::min(cores, *quota) : cores;
}

}  // namespace mod::cpu
