#include "io/memory.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace mod::io {
namespace {

namespace fs = std::filesystem;

/// The number after `name` at the start of a line: "MemAvailable:   123 kB", "inactive_file 456".
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) end = text.size();
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::uint64_t value = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), value).ec == std::errc{}) {
      return value;
    }
  }
  return std::nullopt;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Limit less use, where inactive page cache does not count as used. Files of version 2 of cgroups,
/// then of version 1, whose unlimited is a number near 2^63.
std::optional<std::uint64_t> left_in(const fs::path& group) {
  struct Names {
    const char *limit, *used, *cache;
  };
  constexpr Names kVersions[] = {
      {"memory.max", "memory.current", "inactive_file"},
      {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}};
  for (const Names& names : kVersions) {
    const auto limit = number_after(text_of(group / names.limit), "");
    const auto used = number_after(text_of(group / names.used), "");
    if (!limit || !used) continue;
    const auto cache =
        number_after(text_of(group / "memory.stat"), std::string(names.cache) + " ").value_or(0);
    const std::uint64_t held = *used - std::min(*used, cache);
    return *limit - std::min(*limit, held);
  }
  return std::nullopt;
}

/// The least that `group` below `root` and every group above it leave. Inside a container the path
/// may name the host's tree, which is not mounted: then only `root` itself is there.
std::optional<std::uint64_t> least_left(const fs::path& root, const fs::path& group) {
  std::optional<std::uint64_t> least = left_in(root);
  fs::path current = root;
  for (const fs::path& part : group.relative_path()) {
    current /= part;
    const auto here = left_in(current);
    if (here && (!least || *here < *least)) least = here;
  }
  return least;
}

}  // namespace

std::optional<std::uint64_t> available_memory(std::string_view meminfo, std::string_view membership,
                                              const fs::path& root) {
  std::optional<std::uint64_t> least;
  const auto take = [&least](std::optional<std::uint64_t> bytes) {
    if (bytes && (!least || *bytes < *least)) least = bytes;
  };
  if (const auto kib = number_after(meminfo, "MemAvailable:")) take(*kib << 10);
  std::istringstream lines{std::string(membership)};
  // "0::/user.slice" (version 2) or "5:memory:/docker/x" (version 1).
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) {
      take(least_left(root, line.substr(second + 1)));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      take(least_left(root / "memory", line.substr(second + 1)));
    }
  }
  return least;
}

std::optional<std::uint64_t> available_memory() {
  return available_memory(text_of("/proc/meminfo"), text_of("/proc/self/cgroup"), "/sys/fs/cgroup");
}

}  // namespace mod::io
