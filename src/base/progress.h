// Progress of long work: bytes, rate and time left. On a terminal a bar that redraws itself (at most
// ten times a second), elsewhere a plain line every 10 s. add() is thread-safe and cheap.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/log.h"

namespace mod {

class Progress {
 public:
  /// `total` in bytes; nothing is drawn below LogLevel::kInfo.
  Progress(Log& log, std::string what, std::uint64_t total);
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  void draw(std::uint64_t done, double seconds);

  Log& log_;
  std::string what_;
  std::uint64_t total_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::int64_t> next_draw_us_;
  std::chrono::steady_clock::time_point start_;
  bool terminal_;
};

}  // namespace mod
