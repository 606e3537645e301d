#include "base/progress.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace mod {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

constexpr Progress::Style kLines{false, microseconds(0)};
constexpr Progress::Style kBar{true, microseconds(0)};

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

TEST(Log, PrintsUpToItsLevel) {
  const char* expected[] = {"", "error: e\n", "error: e\nwarning: w\n", "error: e\nwarning: w\ni\n",
                            "error: e\nwarning: w\ni\nd\n"};
  for (int level = 0; level < 5; ++level) {
    Log log(static_cast<LogLevel>(level));
    CaptureStderr();
    log.error("e");
    log.warn("w");
    log.info("i");
    log.debug("d");
    EXPECT_EQ(GetCapturedStderr(), expected[level]);
  }
}

TEST(Log, ShowsControlCharactersOfUntrustedNames) {
  Log log;
  CaptureStderr();
  log.info("a\x1b[2J\r\x7f\tb\nc \xC3\xA9");
  EXPECT_EQ(GetCapturedStderr(), "a\\x1b[2J\\x0d\\x7f\tb\nc \xC3\xA9\n");
}

TEST(ProgressText, HasShareBytesRateAndTimeLeft) {
  constexpr std::uint64_t kGiB = 1u << 30;
  EXPECT_EQ(progress_text("merge", 2 * kGiB, 8 * kGiB, 2.0),
            "merge: 25%, 2.00 GiB of 8.00 GiB, 1.07 GB/s, 6.0 s left");
  EXPECT_EQ(progress_text("merge", 0, 100, 0), "merge: 0%, 0 B of 100 B");
  EXPECT_EQ(progress_text("merge", 150, 100, 1), "merge: 100%, 150 B of 100 B, 150 B/s, 0 us left");
  EXPECT_EQ(progress_text("merge", 0, 0, 1), "merge: 100%, 0 B of 0 B");
  const std::string wide = progress_text("merge", 2 * kGiB, 8 * kGiB, 2.0, 100);
  EXPECT_NE(wide.find("[######..................]"), std::string::npos) << wide;
  for (std::size_t width = 1; width < 100; ++width) {
    EXPECT_LE(progress_text("merge", 1, 8 * kGiB, 2.0, width).size(), width);
  }
}

TEST(Progress, ShortWorkOffATerminalPrintsNothing) {
  Log log;
  CaptureStderr();
  {
    Progress progress(log, "merge", 1000);
    for (int i = 0; i < 1000; ++i) progress.add(1);
  }
  EXPECT_EQ(GetCapturedStderr(), "");
}

TEST(Progress, LinesOffATerminalHaveNoControlCodes) {
  Log log;
  CaptureStderr();
  {
    Progress progress(log, "merge", 4, kLines);
    for (int i = 0; i < 4; ++i) progress.add(1);
  }
  const std::string out = GetCapturedStderr();
  EXPECT_EQ(count(out, "\n"), 4u);
  EXPECT_EQ(count(out, "\x1b"), 0u);
  EXPECT_EQ(count(out, "merge: 100%, 4 B of 4 B"), 1u);
}

TEST(Progress, DrawsAtMostOncePerInterval) {
  Log log;
  CaptureStderr();
  {
    Progress progress(log, "merge", 1000000, {true, hours(1)});
    for (int i = 0; i < 1000; ++i) progress.add(1);
  }
  EXPECT_EQ(GetCapturedStderr(), "");
}

TEST(Progress, QuietDrawsNothing) {
  Log log(LogLevel::kWarning);
  CaptureStderr();
  {
    Progress progress(log, "merge", 2, kBar);
    progress.add(1);
  }
  EXPECT_EQ(GetCapturedStderr(), "");
}

TEST(Progress, BarIsClearedBeforeALineAndAtTheEnd) {
  Log log;
  CaptureStderr();
  {
    Progress progress(log, "merge", 2, kBar);
    progress.add(1);
    log.info("message");
    log.info("another");
    progress.add(1);
  }
  const std::string out = GetCapturedStderr();
  constexpr std::string_view kClear = "\r\x1b[2K";
  EXPECT_NE(out.find(std::string(kClear) + "message\nanother\n" + std::string(kClear) + "merge: "),
            std::string::npos)
      << out;
  EXPECT_TRUE(out.ends_with(kClear)) << out;
}

TEST(Progress, LinesOfThreadsNeverTear) {
  Log log;
  CaptureStderr();
  {
    Progress progress(log, "merge", 4 * 200, kLines);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) {
          progress.add(1);
          log.info("<" + std::string(50, static_cast<char>('a' + t)) + ">");
        }
      });
    }
  }
  std::istringstream lines(GetCapturedStderr());
  std::size_t messages = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("merge: ")) continue;
    ++messages;
    ASSERT_EQ(line.size(), 52u) << line;
    ASSERT_EQ(line, "<" + std::string(50, line[1]) + ">");
  }
  EXPECT_EQ(messages, 800u);
}

TEST(Progress, UsesABarOnATerminal) {
  int main_end = -1, terminal = -1;
  winsize size{24, 40, 0, 0};
  ASSERT_EQ(openpty(&main_end, &terminal, nullptr, nullptr, &size), 0);
  const int saved = dup(STDERR_FILENO);
  const char* term = std::getenv("TERM");
  const std::string old_term = term == nullptr ? "" : term;
  setenv("TERM", "xterm", 1);
  dup2(terminal, STDERR_FILENO);
  const bool bar = Progress::default_style().terminal;
  setenv("TERM", "dumb", 1);
  const bool dumb = Progress::default_style().terminal;
  Log log;
  {
    Progress progress(log, "merge", 2, kBar);
    progress.add(1);
  }
  dup2(saved, STDERR_FILENO);
  setenv("TERM", old_term.c_str(), 1);
  close(saved);
  close(terminal);
  char out[4096];
  const ssize_t n = read(main_end, out, sizeof out);
  close(main_end);
  EXPECT_TRUE(bar);
  EXPECT_FALSE(dumb);
  ASSERT_GT(n, 0);
  const std::string text(out, static_cast<std::size_t>(n));
  EXPECT_NE(text.find("merge: "), std::string::npos) << text;
  const std::size_t clear = 5;  // the control codes before and after
  EXPECT_LE(text.size(), 39 + 2 * clear) << text;
}

}  // namespace
}  // namespace mod
