// What a MODEL argument names. There is one way to find out, and all commands go it.
#pragma once

#include <filesystem>
#include <string>

namespace mod::bundle {

enum class Kind { kFolder, kRecipe };

struct ModelArgument {
  std::string text;  // as typed
  Kind kind = Kind::kFolder;
  std::filesystem::path path;  // the recipe; or a folder, or a file in it

  /// Of Kind::kFolder: `path` itself, or where the file lies.
  std::filesystem::path folder() const;
};

/// A folder, a file in it, a hub name in the local cache, or a recipe (.yml, .yaml). Relative paths
/// start at the working directory. Throws Error: kInvalidInput where there is no such thing,
/// kUnsupported for a mixture (a file with a `mixture:` key, which decides before any other), kIo.
ModelArgument resolve_argument(const std::string& text);

}  // namespace mod::bundle
