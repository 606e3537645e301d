// Steps of reading a recipe, shared by recipe*.cpp and mod_form.cpp; not for use elsewhere. Each
// step reports what is wrong to the collector and goes on, so that one run shows everything.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "base/problems.h"
#include "base/yaml.h"
#include "merge/method.h"
#include "merge/recipe.h"

namespace mod::merge::detail {

/// The maps of a recipe; each has its own known keys.
enum class Level {
  kTop,
  kModel,
  kSlice,
  kSource,
  kModule,
  kCondition,
  kReference,
  kPath,
  kTokenizer,
  kToken,
  kModTop,
  kModExpert
};

struct ReadContext {
  Problems& problems;
  std::filesystem::path folder;        // relative model paths start here
  const MethodInfo* method = nullptr;  // null: not known; parameters are then read without its list
  bool inputs_complete = true;         // false: an entry of models or sources was refused
};

/// 'text' in quotes, shortened when long, for messages.
std::string in_quotes(std::string_view text);

/// Identity of a reference: what equality compares.
using RefKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;
RefKey ref_key(const ModelRef& ref);

// ---- recipe_keys.cpp

/// True where YAML means "absent": no node, or null.
bool absent(const yaml::Node* node);

/// Warns about keys that `level` does not have and about repeated keys.
void check_keys(ReadContext& context, const yaml::Node& map, Level level);

/// Where a key that is unknown here belongs: "the top level", "an entry of 'models'"...; or "".
std::string_view home_of_key(std::string_view key);

/// Whether any method, built or not, has a parameter of this name.
bool is_parameter_name(std::string_view name);

// ---- recipe_values.cpp

/// A model reference in string or mapping form, with its checks; nothing after an error.
std::optional<ModelRef> read_model_ref(ReadContext& context, const yaml::Node& node);

/// `layer_range`: [begin, end) with 0 <= begin < end.
std::optional<std::pair<std::int64_t, std::int64_t>> read_layer_range(ReadContext& context,
                                                                      const yaml::Node& node);

/// "bfloat16", "torch.float32"...
std::optional<DType> read_dtype(ReadContext& context, const yaml::Node& node, std::string_view key);

/// A non-negative integer.
std::optional<std::uint64_t> read_unsigned(ReadContext& context, const yaml::Node& node,
                                           std::string_view key);

/// Reports a string where another type stands: "must be a string, not ...", with "quote it".
bool require_string(ReadContext& context, const yaml::Node& node, std::string_view what);

// ---- recipe_settings.cpp

/// `parameters`; null or absent is empty. At a model (`beside_model`), global parameters have no
/// effect and warn.
Settings read_settings(ReadContext& context, const yaml::Node* node, bool beside_model);

// ---- recipe_body.cpp

/// models, slices and modules with everything below them.
void read_body(ReadContext& context, const yaml::Node& root, Recipe& recipe);

// ---- recipe_tokenizer.cpp

/// Grammar of tokenizer, tokenizer_source and chat_template; what is valid is refused as not
/// supported yet.
void check_tokenizer(ReadContext& context, const yaml::Node& root);

// ---- recipe_check.cpp

/// What the method demands of the recipe as a whole: number of models, base, required parameters.
void check_method_use(ReadContext& context, const Recipe& recipe);

// ---- recipe_method.cpp

/// `merge_method`: fills recipe.method and context.method, or says what is wrong with the name.
void read_method(ReadContext& context, const yaml::Node& root, Recipe& recipe);

}  // namespace mod::merge::detail
