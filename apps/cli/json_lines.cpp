#include "json_lines.h"

#include <fmt/format.h>

#include "eval/json_file.h"
#include "mod/error.h"

namespace mod::cli {

using checkpoint::Json;

void for_each_json_line(const std::string& file,
                        const std::function<void(const Json&, const std::string&)>& visit) {
  eval::for_each_line(file, visit);
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
