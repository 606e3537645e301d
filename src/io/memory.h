// How much memory this process may still take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace mod::io {

/// Bytes that can be used without swapping: what the system has available (page cache that can be
/// dropped counts as available), or what the process's cgroups leave, whichever is less. Nothing
/// where the system does not say.
std::optional<std::uint64_t> available_memory();

/// The part that can be tested without a cgroup. `meminfo` is the text of /proc/meminfo,
/// `membership` that of /proc/self/cgroup, `root` where cgroups are mounted.
std::optional<std::uint64_t> available_memory(std::string_view meminfo, std::string_view membership,
                                              const std::filesystem::path& root);

}  // namespace mod::io
