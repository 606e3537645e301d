#include "bundle/model_argument.h"

#include <system_error>

#include "base/text.h"
#include "base/yaml.h"
#include "bundle/mixture_file.h"
#include "checkpoint/model_folder.h"

namespace mod::bundle {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace

fs::path ModelArgument::folder() const {
  if (!is_file(path)) return path;
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

ModelArgument resolve_argument(const std::string& text) {
  ModelArgument argument;
  argument.text = text;
  argument.path = checkpoint::resolve_model(text, "", fs::current_path());
  // Messages show the path as it was typed where it is one.
  if (std::error_code ignored; fs::exists(text, ignored)) argument.path = text;
  const fs::path extension = argument.path.extension();
  if ((extension != ".yml" && extension != ".yaml") || !is_file(argument.path)) return argument;
  const std::string contents = read_text_file(argument.path.string(), yaml::Limits().bytes);
  argument.kind = is_mixture(contents) ? Kind::kMixture : Kind::kRecipe;
  return argument;
}

}  // namespace mod::bundle
