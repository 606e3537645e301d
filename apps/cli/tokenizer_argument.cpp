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

}  // namespace mod::cli
