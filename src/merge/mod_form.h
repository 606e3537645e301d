// The configuration form of the public MoD code (base_model, experts, model_kwargs, weights),
// translated to the recipe that means the same: merge_method mod, select reference, compute bf16.
#pragma once

#include <string_view>

#include "base/yaml.h"
#include "merge/recipe.h"
#include "merge/recipe_reader.h"

namespace mod::merge::detail {

/// Has `experts` and `weights`, and no `merge_method`.
bool is_mod_form(const yaml::Node& root);

/// True for the keys of the form itself; --set of other keys applies to the translation.
bool is_mod_form_key(std::string_view key);

/// The native recipe; its nodes keep the places of the form, so that later messages point there.
/// With `compat`, more than two experts give a copy of expert 0 instead of an error. Nothing after
/// an error.
std::optional<yaml::Node> translate_mod_form(ReadContext& context, const yaml::Node& root,
                                             bool compat);

}  // namespace mod::merge::detail
