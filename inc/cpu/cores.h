// What a cgroup leaves of the processor: the part of usable_cores() that can be tested without one.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace mod::cpu {

/// Cores that the cpu quotas of a process allow, rounded up, at least 1; nothing where there is
/// none. `membership` is the text of /proc/self/cgroup, `root` where cgroups are mounted
/// (/sys/fs/cgroup). Reads cpu.max (version 2) and cpu.cfs_quota_us (version 1) of the process's
/// group and of all groups above it; the smallest counts. Unreadable or malformed files set no
/// limit.
std::optional<int> cgroup_cores(const std::filesystem::path& root, std::string_view membership);

}  // namespace mod::cpu
