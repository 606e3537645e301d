// Small text tools: sizes, times, numbers, nearest names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mod {

/// 1536 -> "1.50 KiB"; 3 -> "3 B".
std::string size_text(std::uint64_t bytes);
/// 75.2 -> "1 min 15 s"; 0.042 -> "42 ms".
std::string duration_text(double seconds);
/// 1.234e9 bytes/s -> "1.23 GB/s" (decimal, as disks are sold).
std::string rate_text(double bytes_per_second);
/// 1234567 -> "1,234,567".
std::string count_text(std::uint64_t n);

/// "512M", "512MiB", "5GB", "5B" ... -> bytes. K, M, G, T are powers of 1024 with `binary`, else of
/// 1000; KiB, MiB, GiB always 1024 and KB, MB, GB always 1000. With `shard` also mergekit's
/// "5B" = 5,000,000,000. Nothing for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text, bool binary = true,
                                        bool mergekit_billions = false);

/// The candidate with the smallest edit distance to `word`, if it is near enough to be a typing
/// error.
std::optional<std::string> nearest_name(std::string_view word,
                                        std::span<const std::string_view> candidates);

/// " (did you mean 'weight'?)" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// Product of dimensions; nothing on overflow of 2^63 - 1 or a negative dimension.
std::optional<std::uint64_t> checked_product(std::span<const std::int64_t> shape);

/// "4864x896"; "scalar" for rank 0.
std::string shape_text(std::span<const std::int64_t> shape);

bool is_valid_utf8(std::string_view text);

/// Whole file as bytes; throws Error(kIo) or, above `limit` bytes, Error(kInvalidInput).
std::string read_text_file(const std::string& path, std::uint64_t limit);

}  // namespace mod
