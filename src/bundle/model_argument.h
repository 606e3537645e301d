// What a MODEL argument names. There is one way to find out, and all commands go it.
#pragma once

#include <filesystem>
#include <string>

namespace mod::bundle {

enum class Kind { kFolder, kRecipe, kMixture };

struct ModelArgument {
  std::string text;  // as typed
  Kind kind = Kind::kFolder;
  std::filesystem::path path;  // the recipe or mixture; or a folder, or a file in it

  /// Of Kind::kFolder: `path` itself, or where the file lies.
  std::filesystem::path folder() const;
};

/// A folder, a file in it, a hub name in the local cache, or a recipe or mixture (.yml, .yaml; a
/// file with a `mixture:` key is a mixture, whatever else it has). Relative paths start at the
/// working directory. Throws Error: kInvalidInput where there is no such thing, kIo.
ModelArgument resolve_argument(const std::string& text);

}  // namespace mod::bundle
