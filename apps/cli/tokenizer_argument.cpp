#include "tokenizer_argument.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "bundle/text_parts.h"
#include "mod/error.h"

namespace mod::cli {

using checkpoint::Json;

std::filesystem::path tokenizer_argument_path(const std::string& name, const Context& context) {
  const bundle::ModelArgument argument = bundle::resolve_argument(name);
  std::error_code ignored;
  const bool is_tokenizer = argument.path.extension() == ".json" &&
                            std::filesystem::is_regular_file(argument.path, ignored);
  return is_tokenizer ? argument.path : bundle::text_folder(argument, context);
}

text::Tokenizer open_tokenizer_argument(const std::string& name, const Context& context) {
  return text::Tokenizer::load(tokenizer_argument_path(name, context));
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
