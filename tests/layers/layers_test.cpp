// A room includes only from rooms below it: links between static libraries do not stop a header, so
// every #include line of the project is read here. The order is that of docs/architecture.md.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fs = std::filesystem;

namespace {

using Room = std::string;

// Room -> rooms that it may include, itself not counted.
const std::map<Room, std::set<Room>>& allowed() {
  static const std::map<Room, std::set<Room>> rooms = {
      {"base", {}},
      {"cpu", {"base"}},
      {"io", {"base"}},
      {"checkpoint", {"base", "io"}},
      {"arch", {"base", "io", "checkpoint"}},
      {"weights", {"base", "cpu", "io", "checkpoint", "arch"}},
      {"merge", {"base", "cpu", "io", "checkpoint", "arch", "weights"}},
      {"text", {"base", "io", "checkpoint"}},
      {"nn", {"base", "cpu", "io", "checkpoint", "arch", "weights"}},
      {"mix", {"base", "cpu", "io", "checkpoint", "arch", "weights", "text", "nn"}},
      {"bundle",
       {"base", "cpu", "io", "checkpoint", "arch", "weights", "merge", "text", "nn", "mix"}},
      {"eval",
       {"base", "cpu", "io", "checkpoint", "arch", "weights", "merge", "text", "nn", "mix",
        "bundle"}},
      {"report",
       {"base", "cpu", "io", "checkpoint", "arch", "weights", "merge", "text", "nn", "mix",
        "bundle", "eval"}},
  };
  return rooms;
}

// "io/file.h" for `#include "io/file.h"` and `#include <fmt/core.h>`; empty for any other line.
std::string included(const std::string& line) {
  std::size_t at = line.find_first_not_of(" \t");
  if (at == std::string::npos || line[at] != '#') return {};
  at = line.find_first_not_of(" \t", at + 1);
  if (at == std::string::npos || line.compare(at, 7, "include") != 0) return {};
  const std::size_t open = line.find_first_of("\"<", at + 7);
  if (open == std::string::npos) return {};
  const std::size_t close = line.find_first_of("\">", open + 1);
  if (close == std::string::npos) return {};
  return line.substr(open + 1, close - open - 1);
}

// First part of an include path: its room, or a library.
std::string first_part(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// What is wrong with this include in this room; empty if nothing is.
std::string violation(const Room& room, const std::string& include) {
  const std::string target = first_part(include);
  if (target == "apps" || target == "cli" || target == "server" || target == "tests") {
    return "a room includes no program";
  }
  if (include.starts_with("..") || include.find("/../") != std::string::npos) {
    return "write the path from src/";
  }
  if (target == room || !allowed().contains(target)) return {};
  return allowed().at(room).contains(target) ? std::string() : "upward or sideways include";
}

struct Line {
  fs::path file;
  int number = 0;
  std::string include;
};

std::vector<Line> includes_under(const fs::path& folder) {
  std::vector<Line> lines;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream stream(entry.path());
    std::string text;
    for (int number = 1; std::getline(stream, text); ++number) {
      std::string include = included(text);
      if (!include.empty()) lines.push_back({entry.path(), number, std::move(include)});
    }
  }
  return lines;
}

const fs::path kSource = MOD_SOURCE_DIR;

TEST(Layers, EveryFolderOfSrcIsAKnownRoom) {
  for (const fs::directory_entry& entry : fs::directory_iterator(kSource / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(allowed().contains(entry.path().filename().string()))
        << entry.path() << " is in no order: give it a place in docs/architecture.md and here";
  }
}

TEST(Layers, NoRoomIncludesUpward) {
  std::size_t seen = 0;
  for (const auto& [room, below] : allowed()) {
    if (!fs::exists(kSource / "src" / room)) continue;
    for (const Line& line : includes_under(kSource / "src" / room)) {
      ++seen;
      const std::string wrong = violation(room, line.include);
      EXPECT_TRUE(wrong.empty()) << line.file << ':' << line.number << ": src/" << room
                                 << " may not include \"" << line.include << "\": " << wrong;
    }
  }
  EXPECT_GT(seen, 50u) << "the sources were not found";
}

// Users of the library compile these headers with nothing but the standard library at hand.
TEST(Layers, PublicHeadersIncludeOnlyTheStandardLibraryAndEachOther) {
  for (const Line& line : includes_under(kSource / "include" / "mod")) {
    const std::string target = first_part(line.include);
    EXPECT_TRUE(target.empty() || target == "mod")
        << line.file << ':' << line.number << ": \"" << line.include << "\" in the public API";
  }
}

TEST(Layers, TheRulesCatchWhatTheyAreFor) {
  EXPECT_EQ(included("#include \"io/file.h\""), "io/file.h");
  EXPECT_EQ(included("#  include <fmt/core.h>  // text"), "fmt/core.h");
  EXPECT_EQ(included("// #include \"io/file.h\""), "");
  EXPECT_EQ(violation("io", "base/log.h"), "");
  EXPECT_EQ(violation("io", "io/file.h"), "");
  EXPECT_EQ(violation("io", "fmt/core.h"), "");
  EXPECT_EQ(violation("merge", "mod/error.h"), "");
  EXPECT_NE(violation("io", "cpu/context.h"), "");
  EXPECT_NE(violation("cpu", "io/file.h"), "");
  EXPECT_NE(violation("base", "merge/plan.h"), "");
  EXPECT_NE(violation("checkpoint", "cpu/context.h"), "");
  EXPECT_NE(violation("merge", "cli/merge.h"), "");
  EXPECT_NE(violation("merge", "../apps/cli/merge.h"), "");
}

}  // namespace
