#include "base/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <system_error>

#include "mod/error.h"

namespace mod {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Case and the choice of '-' or '_' are not what a person mistypes.
char folded(char c) { return c == '-' ? '_' : lower(c); }

/// Edit distance with swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                           folded(a[i - 2]) == folded(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::optional<std::uint64_t> unit_factor(std::string_view unit, bool binary, bool billions) {
  std::string u;
  for (const char c : unit) u += lower(c);
  if (u.empty()) return 1;
  if (u == "b") return billions ? 1'000'000'000u : 1u;
  constexpr std::string_view prefixes = "kmgt";
  const std::size_t power = prefixes.find(u[0]);
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = std::string_view(u).substr(1);
  std::uint64_t base = 0;
  if (rest == "ib") {
    base = 1024;
  } else if (rest == "b") {
    base = 1000;
  } else if (rest.empty()) {
    base = binary ? 1024 : 1000;
  } else {
    return std::nullopt;
  }
  std::uint64_t factor = 1;
  for (std::size_t i = 0; i <= power; ++i) factor *= base;
  return factor;
}

struct Descriptor {
  int fd;
  ~Descriptor() { ::close(fd); }
};

[[noreturn]] void throw_read_error(const std::string& path, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR || error == EISDIR;
  throw Error(missing ? ErrorCode::kInvalidInput : ErrorCode::kIo,
              fmt::format("cannot read {}: {}; check the path and its permissions", path,
                          std::generic_category().message(error)));
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::string_view units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.995 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f} {}", value, units[unit]);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e15) return "unknown";
  if (seconds < 0.0009995) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string rate_text(double bytes_per_second) {
  if (!(bytes_per_second >= 0) || std::isinf(bytes_per_second)) return "unknown";
  constexpr std::string_view units[] = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};
  double value = bytes_per_second;
  std::size_t unit = 0;
  while (value >= 999.995 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} {}", value, units[unit])
                   : fmt::format("{:.2f} {}", value, units[unit]);
}

std::string count_text(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, 1, ',');
  }
  return out;
}

std::optional<std::uint64_t> parse_size(std::string_view text, bool binary,
                                        bool mergekit_billions) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t whole = 0;
  std::size_t i = 0;
  const auto digit = [&] { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  if (!digit()) return std::nullopt;
  for (; digit(); ++i) {
    const std::uint64_t d = static_cast<std::uint64_t>(text[i] - '0');
    if (whole > (kMax - d) / 10) return std::nullopt;
    whole = whole * 10 + d;
  }
  double fraction = 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digit()) return std::nullopt;
    for (double place = 0.1; digit(); ++i, place /= 10) fraction += place * (text[i] - '0');
  }
  if (i < text.size() && text[i] == ' ') ++i;
  const auto factor = unit_factor(text.substr(i), binary, mergekit_billions);
  if (!factor || whole > kMax / *factor) return std::nullopt;
  // A fraction of the largest unit (1e12) keeps its byte exactly: 1e12 < 2^53.
  const auto part = static_cast<std::uint64_t>(fraction * static_cast<double>(*factor) + 1e-6);
  if (whole * *factor > kMax - part) return std::nullopt;
  return whole * *factor + part;
}

std::optional<std::string> nearest_name(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestName = 64;  // the distance costs the product of both lengths
  if (word.empty() || word.size() > kLongestName) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = kLongestName;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t shorter = std::min(word.size(), candidate.size());
    const std::size_t allowed = shorter < 3 ? 0 : shorter < 6 ? 1 : shorter < 9 ? 2 : 3;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= allowed && distance < best_distance) {
      best = std::string(candidate);
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const auto name = nearest_name(word, candidates);
  return name ? fmt::format(" (did you mean '{}'?)", *name) : std::string();
}

std::optional<std::uint64_t> checked_product(std::span<const std::int64_t> shape) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bool empty = false;
  for (const std::int64_t d : shape) {
    if (d < 0) return std::nullopt;
    empty = empty || d == 0;
  }
  if (empty) return 0;
  std::uint64_t product = 1;
  for (const std::int64_t d : shape) {
    if (product > kMax / static_cast<std::uint64_t>(d)) return std::nullopt;
    product *= static_cast<std::uint64_t>(d);
  }
  return product;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  if (shape.empty()) return "scalar";
  return fmt::format("{}", fmt::join(shape.begin(), shape.end(), "x"));
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return false;
    std::uint32_t code = lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3Fu);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < smallest[length] || code > 0x10FFFF || surrogate) return false;
    i += length;
  }
  return true;
}

std::string read_text_file(const std::string& path, std::uint64_t limit) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_read_error(path, errno);
  const Descriptor file{fd};
  std::string out;
  char chunk[1 << 16];
  for (;;) {
    const ssize_t n = ::read(file.fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_read_error(path, errno);
    if (n == 0) return out;
    if (static_cast<std::uint64_t>(n) > limit - out.size()) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{} is larger than {}, the most that is read of such a file; check "
                              "that it is the right file",
                              path, size_text(limit)));
    }
    out.append(chunk, static_cast<std::size_t>(n));
  }
}

}  // namespace mod
