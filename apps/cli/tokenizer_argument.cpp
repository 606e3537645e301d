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

}  // namespace mod::cli
