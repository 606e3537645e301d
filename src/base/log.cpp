#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/stderr_writer.h"

namespace mod {

void write_stderr(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void Log::write(LogLevel level, std::string_view prefix, std::string_view text) {
  if (level > this->level()) return;
  std::string line(prefix);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
    if (control)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  line += '\n';
  const std::lock_guard lock(mutex_);
  if (bar_drawn_) line.insert(0, kClearLine);
  bar_drawn_ = false;
  write_stderr(line);
}

}  // namespace mod
