#include "json_lines.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "mod/error.h"

namespace mod::cli {
namespace {

constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr int kMaxDepth = 64;

Json parse_object(const std::string& line, const std::string& where) {
  if (line.size() > kLongestLine) {
    throw Error(ErrorCode::kInvalidInput, where + ": the line is longer than 64 MiB");
  }
  if (!is_valid_utf8(line)) {
    throw Error(ErrorCode::kInvalidInput, where + ": not UTF-8; save the file as UTF-8");
  }
  // nlohmann's parser keeps a stack on the heap, but its destructor and dump recurse.
  bool deep = false;
  Json json = Json::parse(
      line,
      [&deep](int depth, Json::parse_event_t, Json&) {
        deep |= depth > kMaxDepth;
        return !deep;
      },
      false);
  if (json.is_discarded() || deep || !json.is_object()) {
    throw Error(ErrorCode::kInvalidInput, where +
                                              ": not a JSON object; each line of a jsonl file "
                                              "is one object, such as {\"pred\": \"4\"}");
  }
  return json;
}

}  // namespace

void for_each_json_line(
    const std::string& path,
    const std::function<void(const Json& object, const std::string& where)>& use) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: cannot be read: {}; give a jsonl file", path,
                            file ? "it is a folder" : std::strerror(errno)));
  }
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = fmt::format("{}:{}", path, number);
    use(parse_object(line, where), where);
  }
  if (file.bad()) throw Error(ErrorCode::kIo, path + ": reading failed");
}

std::optional<std::string> optional_text(const Json& object, const char* key,
                                         const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("{}: \"{}\" must be a string", where, key));
  }
  return found->get<std::string>();
}

std::string required_text(const Json& object, const char* key, const std::string& where) {
  auto text = optional_text(object, key, where);
  if (!text) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: \"{}\" is missing; give it as a string", where, key));
  }
  return *std::move(text);
}

void print_json_line(const Json& json) {
  // What grading leaves of an answer may end inside a character.
  fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace mod::cli
