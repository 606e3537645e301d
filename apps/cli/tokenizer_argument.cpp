#include "tokenizer_argument.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "mod/error.h"

namespace mod::cli {

using checkpoint::Json;

text::Tokenizer open_tokenizer_argument(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path path = checkpoint::resolve_model(name, "", fs::current_path());
  if (path.extension() == ".yml" || path.extension() == ".yaml") {
    throw Error(ErrorCode::kUnsupported,
                name +
                    ": a recipe or mixture as a model is not supported yet; name the folder of "
                    "one of its models");
  }
  std::error_code ignored;
  // A weights file stands for the folder that it lies in.
  const bool other_file = fs::is_regular_file(path, ignored) && path.extension() != ".json";
  return text::Tokenizer::load(other_file ? fs::absolute(path).parent_path() : path);
}

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

}  // namespace mod::cli
