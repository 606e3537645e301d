// A recipe as typed data: what was written, with the place of everything, before any model is
// opened. Grammar: mergekit's (docs/recipes.md) plus seed, compute and merge_method: mod; and the
// MoD repository's own configuration, translated to a recipe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/problems.h"
#include "base/yaml.h"
#include "mod/dtype.h"

namespace mod::merge {

/// "MODEL[@REV][+LORA[@REV]]" or its mapping form. Equality is structural.
struct ModelRef {
  std::string model, revision, lora, lora_revision, override_architecture;
  Place place;

  std::string text() const;  // canonical string form; the label of the model in reports
  bool operator==(const ModelRef& o) const;
};

/// Parses the string form. Throws Error(kInvalidInput): more than one '+', or '@' in a part; empty.
ModelRef parse_model_ref(std::string_view text, const Place& place);

/// One {value, filter} of a setting. A plain scalar or gradient is one condition without a filter.
struct Condition {
  std::optional<std::string> filter;  // substring of the tensor name; absent, null or "*" = all
  std::vector<double> numbers;        // 1 = scalar, more = gradient over the slice's layers
  std::vector<std::string> strings;   // instead of numbers, for string parameters (select, match)
};

struct Setting {
  std::string name;
  std::vector<Condition> conditions;
  Place place;
};
using Settings = std::vector<Setting>;

struct InputModel {
  ModelRef model;
  Settings parameters;
  std::optional<std::pair<std::int64_t, std::int64_t>> layer_range;  // [begin, end); only in slices
  Place place;
};

struct Slice {
  std::vector<InputModel> sources;
  std::optional<ModelRef> base_model;  // overrides the global one
  Settings parameters;
  Place place;
};

enum class Compute { kFp32, kBf16 };

struct Recipe {
  std::string method;  // registered name; checked at reading
  Place method_place;
  std::vector<InputModel> models;  // exactly one of models and slices is filled
  std::vector<Slice> slices;       // (modules: {default: ...} is folded into these)
  Settings module_parameters;      // of modules.default.parameters
  std::optional<ModelRef> base_model;
  Settings parameters;
  std::optional<DType> dtype, out_dtype;
  std::optional<Compute> compute;
  std::uint64_t seed = 0;
  bool from_mod_repository = false;  // written in the MoD repository's own form
  std::filesystem::path folder;      // relative model paths start here
  std::string source_text;           // the file as given
  std::string effective_text;  // the YAML that is in force (--set, --random-seed, translation)

  /// Every model named, in order of first appearance, the base last if it is named nowhere else.
  std::vector<ModelRef> referenced_models() const;
};

struct RecipeOptions {
  std::vector<std::pair<std::string, std::string>> set;  // --set KEY=VALUE
  std::optional<std::uint64_t> seed;                     // --random-seed
  bool compat =
      false;  // MoD form with more than two experts behaves as the reference: copies expert 0
};

/// "KEY=VALUE" of --set. Throws Error(kInvalidInput) where there is no key.
std::pair<std::string, std::string> parse_override(const std::string& text);

/// Reads a recipe from text. All errors and warnings go to `problems` (unknown keys with the
/// nearest known one, repeated and misplaced keys...); the result is usable only without errors.
/// `file` is the path used in messages and as the anchor of relative model paths.
Recipe parse_recipe(std::string_view text, const std::filesystem::path& file,
                    const RecipeOptions& options, Problems& problems);
Recipe load_recipe(const std::filesystem::path& file, const RecipeOptions& options,
                   Problems& problems);

}  // namespace mod::merge
