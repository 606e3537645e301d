// Helpers of the recipe tests: read a text, and look for a problem by its parts.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "merge/recipe.h"

namespace mod::merge {

struct Read {
  Recipe recipe;
  Problems problems;

  std::string all() const {
    std::string out;
    for (const Problem& problem : problems.all()) out += to_text(problem) + "\n";
    return out;
  }
  std::size_t errors() const { return problems.count(Severity::kError); }
  std::size_t warnings() const { return problems.count(Severity::kWarning); }
};

inline Read read(std::string_view text, const RecipeOptions& options = {},
                 const std::filesystem::path& file = "r.yml") {
  Read out;
  out.recipe = parse_recipe(text, file, options, out.problems);
  return out;
}

/// A problem of this severity on this line, at this key path, whose text or remedy holds `part`.
inline testing::AssertionResult has(const Read& read, Severity severity, int line,
                                    std::string_view key_path, std::string_view part) {
  for (const Problem& p : read.problems.all()) {
    if (p.severity == severity && p.place.line == line && p.place.key_path == key_path &&
        (p.text + "; " + p.remedy).find(part) != std::string::npos) {
      return testing::AssertionSuccess();
    }
  }
  return testing::AssertionFailure()
         << "no such problem: line " << line << ", '" << key_path << "', \"" << part << "\" in\n"
         << read.all();
}

inline testing::AssertionResult has_error(const Read& read, int line, std::string_view key_path,
                                          std::string_view part) {
  return has(read, Severity::kError, line, key_path, part);
}

inline testing::AssertionResult has_warning(const Read& read, int line, std::string_view key_path,
                                            std::string_view part) {
  return has(read, Severity::kWarning, line, key_path, part);
}

}  // namespace mod::merge
