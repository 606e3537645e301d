// Messages to people, on stderr. One mutex is shared with the progress bar, so lines never tear.
// Thread-safe. stdout belongs to results.
#pragma once

#include <mutex>
#include <string_view>

namespace mod {

enum class LogLevel { kQuiet, kError, kWarning, kInfo, kDebug };

class Log {
 public:
  explicit Log(LogLevel level = LogLevel::kInfo) : level_(level) {}

  void error(std::string_view text) { write(LogLevel::kError, "error: ", text); }
  void warn(std::string_view text) { write(LogLevel::kWarning, "warning: ", text); }
  void info(std::string_view text) { write(LogLevel::kInfo, "", text); }
  void debug(std::string_view text) { write(LogLevel::kDebug, "", text); }

  LogLevel level() const { return level_; }
  void set_level(LogLevel level) { level_ = level; }

 private:
  friend class Progress;
  void write(LogLevel level, std::string_view prefix, std::string_view text);

  LogLevel level_;
  std::mutex mutex_;
  bool bar_drawn_ = false;  // a progress bar stands on the current line
};

}  // namespace mod
