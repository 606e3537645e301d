#include "json_lines.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "mod/error.h"

namespace mod::cli {

using checkpoint::Json;

void for_each_json_line(const std::string& file,
                        const std::function<void(const Json&, const std::string&)>& visit) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code ignored;
  if (!stream || std::filesystem::is_directory(file, ignored)) {
    throw Error(ErrorCode::kInvalidInput,
                "cannot read " + file + "; check the path and its permissions");
  }
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    const std::string place = file + ":" + std::to_string(++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    visit(checkpoint::parse_json(line, place), place);
  }
  if (stream.bad()) throw Error(ErrorCode::kIo, "cannot read " + file + " to its end");
}

const Json& json_line_value(const Json& line, const char* key, const std::string& place) {
  const auto found = line.is_object() ? line.find(key) : line.end();
  if (!line.is_object() || found == line.end()) {
    throw Error(ErrorCode::kCorruptFile,
                fmt::format("{}: expected an object with the key '{}'", place, key));
  }
  return *found;
}

void print_json_line(const Json& value) {
  fmt::print("{}\n", value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::optional<std::string> optional_text(const Json& line, const char* key,
                                         const std::string& place) {
  if (!line.is_object()) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("{}: not a JSON object; each line is one, with the key '{}'", place, key));
  }
  const auto found = line.find(key);
  if (found == line.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("{}: '{}' must be a string", place, key));
  }
  return found->get<std::string>();
}

std::string required_text(const Json& line, const char* key, const std::string& place) {
  auto text = optional_text(line, key, place);
  if (!text) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: '{}' is missing; give it as a string", place, key));
  }
  return *std::move(text);
}

}  // namespace mod::cli
