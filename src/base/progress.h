// Progress of long work: how much, rate and time left. On a terminal a bar that redraws itself (at
// most ten times a second), elsewhere a plain line every 10 s. add() is thread-safe and cheap.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/log.h"

namespace mod {

class Progress {
 public:
  /// How it is shown. The first drawing comes one interval after the start, so short work off a
  /// terminal prints nothing.
  struct Style {
    bool terminal;
    std::chrono::microseconds interval;
  };
  /// What stands behind the bar: progress_numbers, unless it is not bytes that are counted. Called
  /// by one thread at a time.
  using Numbers =
      std::function<std::string(std::uint64_t done, std::uint64_t total, double seconds)>;

  /// A bar where stderr is a terminal that can move its cursor, else lines.
  static Style default_style();

  /// `total` in bytes; nothing is drawn below LogLevel::kInfo.
  Progress(Log& log, std::string what, std::uint64_t total);
  Progress(Log& log, std::string what, std::uint64_t total, Style style);
  Progress(Log& log, std::string what, std::uint64_t total, Style style, Numbers numbers);
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  void draw();

  Log& log_;
  std::string what_;
  std::uint64_t total_;
  Style style_;
  Numbers numbers_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::int64_t> next_draw_us_;
  std::chrono::steady_clock::time_point start_;
};

/// "4.20 GiB of 9.80 GiB, 1.23 GB/s, 5.0 s left".
std::string progress_numbers(std::uint64_t done, std::uint64_t total, double seconds);

/// "merging: 43%, NUMBERS"; with width > 0 and room for it a bar of '#' stands before the percents,
/// and the line is cut to `width` columns.
std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          const std::string& numbers, std::size_t width = 0);

/// The two together: "merging: 43%, 4.20 GiB of 9.80 GiB, 1.23 GB/s, 5.0 s left"; with width > 0
/// and room for it a bar of '#' stands before the numbers, and the line is cut to `width` columns.
std::string progress_text(const std::string& what, std::uint64_t done, std::uint64_t total,
                          double seconds, std::size_t width = 0);

}  // namespace mod
