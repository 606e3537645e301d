#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/stderr_writer.h"
#include "base/text.h"

namespace mod {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string bar_text(double share) {
  constexpr std::size_t kWidth = 24;
  const auto filled = static_cast<std::size_t>(share * kWidth);
  return " [" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "]";
}

}  // namespace

std::string progress_numbers(std::uint64_t done, std::uint64_t total, double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::string numbers = fmt::format("{} of {}", size_text(done), size_text(total));
  if (rate > 0) {
    const double left = done < total ? static_cast<double>(total - done) / rate : 0;
    numbers += fmt::format(", {}, {} left", rate_text(rate), duration_text(left));
  }
  return numbers;
}

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          const std::string& numbers, std::size_t width) {
  // More than promised may arrive (a file grew): 100 % is the most that is shown.
  const double share =
      total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const std::string tail = fmt::format(" {}%, {}", static_cast<int>(share * 100), numbers);
  std::string line = what + ":";
  if (width == 0) return line + tail;
  const std::string bar = bar_text(share);
  if (line.size() + bar.size() + tail.size() <= width) line += bar;
  line += tail;
  if (line.size() > width) line.resize(width);
  return line;
}

std::string progress_text(const std::string& what, std::uint64_t done, std::uint64_t total,
                          double seconds, std::size_t width) {
  return progress_line(what, done, total, progress_numbers(done, total, seconds), width);
}

Progress::Style Progress::default_style() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  if (isatty(STDERR_FILENO) == 1 && !dumb) return {true, std::chrono::milliseconds(100)};
  return {false, std::chrono::seconds(10)};
}

Progress::Progress(Log& log, std::string what, std::uint64_t total)
    : Progress(log, std::move(what), total, default_style()) {}

Progress::Progress(Log& log, std::string what, std::uint64_t total, Style style)
    : Progress(log, std::move(what), total, style, progress_numbers) {}

Progress::Progress(Log& log, std::string what, std::uint64_t total, Style style, Numbers numbers)
    : log_(log),
      what_(std::move(what)),
      total_(total),
      style_(style),
      numbers_(std::move(numbers)),
      next_draw_us_(style.interval.count()),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  const std::lock_guard lock(log_.mutex_);
  if (!log_.bar_drawn_) return;
  write_stderr(kClearLine);
  log_.bar_drawn_ = false;
}

void Progress::add(std::uint64_t bytes) {
  done_.fetch_add(bytes, std::memory_order_relaxed);
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  const std::int64_t now = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  std::int64_t next = next_draw_us_.load(std::memory_order_relaxed);
  if (now < next) return;
  // Of several threads that arrive together one draws, the others go on working.
  const std::int64_t after = now + style_.interval.count();
  if (next_draw_us_.compare_exchange_strong(next, after, std::memory_order_relaxed)) draw();
}

void Progress::draw() {
  if (log_.level() < LogLevel::kInfo) return;
  const std::lock_guard lock(log_.mutex_);
  // Read under the lock: a thread that waited here must not draw an older state over a newer one.
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  const std::string numbers = numbers_(done, total_, elapsed.count());
  if (style_.terminal) {
    const std::size_t width = terminal_width() - 1;  // the last column would wrap
    write_stderr(std::string(kClearLine) +
                 progress_line(what_, done, total_, numbers, std::max<std::size_t>(width, 1)));
    log_.bar_drawn_ = true;
  } else {
    write_stderr(progress_line(what_, done, total_, numbers) + "\n");
  }
}

}  // namespace mod
