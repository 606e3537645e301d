// Messages to people, on stderr. One mutex is shared with the progress bar, so lines never tear.
// Thread-safe. stdout belongs to results.
#pragma once

#include <atomic>
#include <mutex>
#include <string_view>

namespace mod {

enum class LogLevel { kQuiet, kError, kWarning, kInfo, kDebug };

/// Prints every message at or below its level, as one whole line each. Control characters of a
/// message (names from untrusted files may carry terminal codes) are shown as \xNN; line breaks are
/// kept.
class Log {
 public:
  explicit Log(LogLevel level = LogLevel::kInfo) : level_(level) {}

  void error(std::string_view text) { write(LogLevel::kError, "error: ", text); }
  void warn(std::string_view text) { write(LogLevel::kWarning, "warning: ", text); }
  void info(std::string_view text) { write(LogLevel::kInfo, "", text); }
  void debug(std::string_view text) { write(LogLevel::kDebug, "", text); }

  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

 private:
  friend class Progress;
  void write(LogLevel level, std::string_view prefix, std::string_view text);

  std::atomic<LogLevel> level_;
  std::mutex mutex_;
  bool bar_drawn_ = false;  // a progress bar stands on the current line
};

}  // namespace mod
