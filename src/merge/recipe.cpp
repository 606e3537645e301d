// From text to a recipe: the document, what kind of file it is, overrides, and the top level.
#include "merge/recipe.h"

#include <fmt/format.h>

#include "base/text.h"
#include "merge/mod_form.h"
#include "merge/recipe_reader.h"
#include "mod/error.h"

namespace mod::merge {

namespace {

using detail::absent;
using detail::ReadContext;

std::optional<yaml::Node> read_document(std::string_view text, const std::string& file,
                                        Problems& problems) {
  try {
    std::vector<yaml::Node> documents = yaml::parse(text, file);
    if (documents.size() > 1) {
      problems.error(documents[1].place,
                     "several YAML documents: pipelines of recipes are not supported yet",
                     "write one file for each recipe");
      return std::nullopt;
    }
    if (documents.empty() || documents[0].is_null()) {
      problems.error({file, 1, 1, {}}, "the file is empty");
      return std::nullopt;
    }
    if (documents[0].kind != yaml::Kind::kMap) {
      problems.error(documents[0].place,
                     fmt::format("a recipe must be a map, not {}", documents[0].describe()),
                     "begin with 'merge_method: NAME'");
      return std::nullopt;
    }
    return std::move(documents[0]);
  } catch (const Error& error) {
    problems.error({}, error.what());
    return std::nullopt;
  }
}

const yaml::Node* first_of(const yaml::Node& root, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (const yaml::Node* node = root.find(key)) return node;
  }
  return nullptr;
}

/// Whether the file is a recipe (or the MoD form); other kinds are named and refused.
bool check_kind(const yaml::Node& root, Problems& problems) {
  if (first_of(root, {"merge_method", "models", "slices", "modules"})) return true;
  const yaml::Node* experts = root.find("experts");
  const yaml::Node* gate =
      first_of(root, {"gate_mode", "positive_prompts", "experts_per_token", "shared_experts"});
  if (experts && root.find("weights")) {
    if (!gate) return true;
    problems.error(gate->place,
                   "ambiguous file: 'experts' with 'weights' is the MoD form, with this key a "
                   "dense-to-MoE configuration",
                   "remove one or the other");
  } else if (experts) {
    problems.error(experts->place,
                   "'experts' without 'weights' is a dense-to-MoE configuration, which is not "
                   "supported yet",
                   "if it is meant for MoD, add 'weights: [...]' with one number for each expert");
  } else if (const yaml::Node* genome = root.find("genome")) {
    problems.error(genome->place,
                   "'genome' makes this a search genome, which is not supported yet");
  } else if (const yaml::Node* mixture = root.find("mixture")) {
    problems.error(mixture->place, "'mixture' makes this a mixture, which has no weights to write",
                   "run it: mod run, chat, logits and eval take mixtures");
  } else {
    problems.error(
        root.place,
        fmt::format("this is no kind of file that is known. Missing for a recipe: 'merge_method' "
                    "and one of 'models', 'slices', 'modules'; for the MoD form: 'experts'{}; for "
                    "a dense-to-MoE configuration: 'experts' with 'gate_mode'; for a search "
                    "genome: 'genome'{}; for a mixture: 'mixture'",
                    root.find("weights") ? "" : " and 'weights'",
                    (root.find("tasks") ? "" : " and 'tasks'")),
        "docs/recipes.md shows the form of a recipe");
  }
  return false;
}

using Overrides = std::vector<std::pair<std::string, std::string>>;

bool apply(yaml::Node& root, const Overrides& overrides, Problems& problems) {
  bool good = true;
  for (const auto& [key, value] : overrides) {
    try {
      yaml::set_path(root, key, value);
    } catch (const Error& error) {
      problems.error({}, error.what(),
                     "the form is --set KEY=VALUE, as in --set parameters.lambda=0.5");
      good = false;
    }
  }
  return good;
}

/// --set entries by whether they name a key of the MoD form itself.
Overrides select_overrides(const Overrides& all, bool mod_keys) {
  Overrides out;
  for (const auto& entry : all) {
    const std::string_view key =
        std::string_view(entry.first).substr(0, entry.first.find_first_of(".["));
    if (detail::is_mod_form_key(key) == mod_keys) out.push_back(entry);
  }
  return out;
}

std::optional<Compute> read_compute(ReadContext& context, const yaml::Node& node) {
  if (!detail::require_string(context, node, "'compute'")) return std::nullopt;
  if (node.text == "fp32") return Compute::kFp32;
  if (node.text != "bf16") {
    context.problems.error(node.place,
                           fmt::format("unknown 'compute' {}", detail::in_quotes(node.text)),
                           "allowed: fp32, bf16");
    return std::nullopt;
  }
  if (context.method && context.method->name != "mod") {
    context.problems.error(
        node.place,
        fmt::format("'compute: bf16' is not supported yet for method '{}'", context.method->name),
        "remove it: fp32 with one rounding at the end is used");
  }
  return Compute::kBf16;
}

void check_layout(ReadContext& context, const yaml::Node& root) {
  const yaml::Node* layout = root.find("moe_layout");
  if (!absent(layout) && detail::require_string(context, *layout, "'moe_layout'")) {
    if (layout->text == "fused") {
      context.problems.error(layout->place, "'moe_layout: fused' is not supported yet",
                             "remove it: one tensor for each expert is written");
    } else if (layout->text != "per_expert") {
      context.problems.error(
          layout->place, fmt::format("unknown 'moe_layout' {}", detail::in_quotes(layout->text)),
          "allowed: per_expert, fused");
    }
  }
  const yaml::Node* post = root.find("post");
  const bool no_steps =
      absent(post) || (post->kind == yaml::Kind::kSequence && post->items.empty());
  if (!no_steps) {
    context.problems.error(post->place, "'post' is not supported yet", "remove it");
  }
}

void read_top(ReadContext& context, const yaml::Node& root, Recipe& recipe) {
  detail::check_keys(context, root, detail::Level::kTop);
  detail::read_method(context, root, recipe);
  detail::read_body(context, root, recipe);
  if (const yaml::Node* base = root.find("base_model"); !absent(base)) {
    recipe.base_model = detail::read_model_ref(context, *base);
    context.inputs_complete = context.inputs_complete && recipe.base_model;
  }
  recipe.parameters = detail::read_settings(context, root.find("parameters"), false);
  if (const yaml::Node* dtype = root.find("dtype"); !absent(dtype)) {
    recipe.dtype = detail::read_dtype(context, *dtype, "dtype");
  }
  if (const yaml::Node* dtype = root.find("out_dtype"); !absent(dtype)) {
    recipe.out_dtype = detail::read_dtype(context, *dtype, "out_dtype");
  }
  if (const yaml::Node* seed = root.find("seed"); !absent(seed)) {
    recipe.seed = detail::read_unsigned(context, *seed, "seed").value_or(0);
  }
  if (const yaml::Node* compute = root.find("compute"); !absent(compute)) {
    recipe.compute = read_compute(context, *compute);
  }
  check_layout(context, root);
  detail::check_tokenizer(context, root);
  detail::check_method_use(context, recipe);
}

/// Applies overrides and translates the MoD form. Returns whether the document differs from the
/// text; nothing after an error.
std::optional<bool> bring_into_force(ReadContext& context, yaml::Node& root,
                                     const RecipeOptions& options, Recipe& recipe) {
  const bool mod_form = detail::is_mod_form(root);
  bool good =
      apply(root, mod_form ? select_overrides(options.set, true) : options.set, context.problems);
  if (!check_kind(root, context.problems)) return std::nullopt;
  if (mod_form) {
    auto native = detail::translate_mod_form(context, root, options.compat);
    if (!native) return std::nullopt;
    root = std::move(*native);
    recipe.from_mod_repository = true;
    good = apply(root, select_overrides(options.set, false), context.problems) && good;
  }
  if (options.seed)
    good = apply(root, {{"seed", std::to_string(*options.seed)}}, context.problems) && good;
  if (!good) return std::nullopt;
  return mod_form || options.seed || !options.set.empty();
}

}  // namespace

std::pair<std::string, std::string> parse_override(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("--set {}: write KEY=VALUE, for example --set parameters.lambda=0.3", text));
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

Recipe parse_recipe(std::string_view text, const std::filesystem::path& file,
                    const RecipeOptions& options, Problems& problems) {
  Recipe recipe;
  recipe.folder = file.parent_path();
  recipe.source_text = std::string(text);
  recipe.effective_text = recipe.source_text;
  auto root = read_document(text, file.string(), problems);
  if (!root) return recipe;
  ReadContext context{problems, recipe.folder};
  const auto changed = bring_into_force(context, *root, options, recipe);
  if (!changed) return recipe;
  if (*changed) recipe.effective_text = yaml::dump(*root);
  read_top(context, *root, recipe);
  return recipe;
}

Recipe load_recipe(const std::filesystem::path& file, const RecipeOptions& options,
                   Problems& problems) {
  return parse_recipe(read_text_file(file.string(), yaml::Limits{}.bytes), file, options, problems);
}

}  // namespace mod::merge
