#include "bundle/model_argument.h"

#include <system_error>

#include "base/text.h"
#include "base/yaml.h"
#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace mod::bundle {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Broken YAML is no mixture: reading it as a recipe says what is wrong with it.
bool is_mixture(const fs::path& file) {
  const std::string text = read_text_file(file.string(), yaml::Limits().bytes);
  try {
    const yaml::Node root = yaml::parse_one(text, file.string());
    return root.kind == yaml::Kind::kMap && root.find("mixture") != nullptr;
  } catch (const Error&) {
    return false;
  }
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
  if (is_mixture(argument.path)) {
    throw Error(ErrorCode::kUnsupported,
                text + ": a mixture as a model is not supported yet; name one of its models");
  }
  argument.kind = Kind::kRecipe;
  return argument;
}

}  // namespace mod::bundle
