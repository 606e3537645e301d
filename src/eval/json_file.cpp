#include "eval/json_file.h"

#include <fstream>

#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace mod::eval {

void for_each_line(const std::filesystem::path& file,
                   const std::function<void(const nlohmann::ordered_json& line,
                                            const std::string& place)>& visit) {
  std::error_code ignored;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file, ignored)) {
    throw Error(ErrorCode::kInvalidInput,
                "cannot read " + file.string() + "; check the path and its permissions");
  }
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    const std::string place = file.string() + ":" + std::to_string(++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    visit(checkpoint::parse_json(line, place), place);
  }
  if (stream.bad()) throw Error(ErrorCode::kIo, "cannot read " + file.string() + " to its end");
}

}  // namespace mod::eval
