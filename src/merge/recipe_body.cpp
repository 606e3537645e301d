// models, slices and modules.
#include <fmt/format.h>

#include <map>

#include "merge/recipe_reader.h"

namespace mod::merge::detail {

namespace {

const yaml::Node* list_or_report(ReadContext& context, const yaml::Node* node,
                                 std::string_view key) {
  if (absent(node)) return nullptr;
  if (node->kind != yaml::Kind::kSequence) {
    context.problems.error(node->place,
                           fmt::format("'{}' must be a list, not {}", key, node->describe()),
                           "begin each entry with '- '");
    return nullptr;
  }
  return node;
}

/// One entry of `models` or `sources`.
std::optional<InputModel> read_input(ReadContext& context, const yaml::Node& node, bool in_slice) {
  if (node.kind != yaml::Kind::kMap) {
    context.problems.error(
        node.place, fmt::format("an entry must be a map with 'model', not {}", node.describe()),
        "write '- model: PATH'");
    return std::nullopt;
  }
  check_keys(context, node, in_slice ? Level::kSource : Level::kModel);
  InputModel input;
  input.place = node.place;
  bool good = true;
  const yaml::Node* model = node.find("model");
  if (absent(model)) {
    context.problems.error(model ? model->place : node.place, "'model' is missing",
                           "write '- model: PATH'");
    good = false;
  } else if (auto ref = read_model_ref(context, *model)) {
    input.model = std::move(*ref);
  } else {
    good = false;
  }
  input.parameters = read_settings(context, node.find("parameters"), true);
  if (in_slice) {
    const yaml::Node* range = node.find("layer_range");
    if (absent(range)) {
      context.problems.error(range ? range->place : node.place, "'layer_range' is missing",
                             "write 'layer_range: [FIRST, END]'");
      good = false;
    } else {
      input.layer_range = read_layer_range(context, *range);
      good = good && input.layer_range;
    }
  }
  return good ? std::optional(std::move(input)) : std::nullopt;
}

/// Entries of one list; a model that is listed twice collapses as in mergekit: the position and the
/// first values of the first entry, the layers of the last.
std::vector<InputModel> read_inputs(ReadContext& context, const yaml::Node& list, bool in_slice) {
  std::vector<InputModel> out;
  std::map<RefKey, std::size_t> seen;
  for (const yaml::Node& node : list.items) {
    auto input = read_input(context, node, in_slice);
    if (!input) {
      context.inputs_complete = false;
      continue;
    }
    const auto [entry, fresh] = seen.emplace(ref_key(input->model), out.size());
    if (fresh) {
      out.push_back(std::move(*input));
      continue;
    }
    InputModel& first = out[entry->second];
    context.problems.warn(
        input->place,
        fmt::format("model {} is listed twice here and counts once: the parameters of the first "
                    "entry and the layers of the last are used",
                    in_quotes(input->model.text())),
        "remove one entry");
    first.layer_range = input->layer_range;
    for (Setting& setting : input->parameters) first.parameters.push_back(std::move(setting));
  }
  return out;
}

void check_equal_lengths(ReadContext& context, const Slice& slice, const yaml::Node& node) {
  const auto length = [](const InputModel& input) {
    return input.layer_range->second - input.layer_range->first;
  };
  for (const InputModel& input : slice.sources) {
    if (length(input) == length(slice.sources.front())) continue;
    context.problems.error(
        input.place,
        fmt::format("all sources of a slice must have the same number of "
                    "layers: {} has {}, the first source {}",
                    in_quotes(input.model.text()), length(input), length(slice.sources.front())),
        "make the layer_range of each source equally long");
    return;
  }
  if (slice.sources.empty() && node.items.empty()) {
    context.problems.error(node.place, "'sources' is an empty list",
                           "write '- model: PATH' with 'layer_range: [FIRST, END]'");
  }
}

Slice read_slice(ReadContext& context, const yaml::Node& node) {
  Slice slice;
  slice.place = node.place;
  if (node.kind != yaml::Kind::kMap) {
    context.problems.error(
        node.place, fmt::format("a slice must be a map with 'sources', not {}", node.describe()),
        "write '- sources: [...]'");
    return slice;
  }
  check_keys(context, node, Level::kSlice);
  const yaml::Node* sources = node.find("sources");
  if (absent(sources)) {
    context.problems.error(sources ? sources->place : node.place, "'sources' is missing",
                           "write '- sources: [...]' with 'model' and 'layer_range' in each entry");
  } else if (list_or_report(context, sources, "sources")) {
    slice.sources = read_inputs(context, *sources, true);
    check_equal_lengths(context, slice, *sources);
  }
  const yaml::Node* base = node.find("base_model");
  if (!absent(base)) slice.base_model = read_model_ref(context, *base);
  const yaml::Node* residual = node.find("residual_weight");
  if (residual) {
    context.problems.warn(residual->place, "'residual_weight' has never had an effect",
                          "remove it");
  }
  slice.parameters = read_settings(context, node.find("parameters"), false);
  return slice;
}

bool filled(const yaml::Node* node) {
  if (absent(node)) return false;
  if (node->kind == yaml::Kind::kSequence) return !node->items.empty();
  return node->kind != yaml::Kind::kMap || !node->entries.empty();
}

void read_models_or_slices(ReadContext& context, const yaml::Node& node, Recipe& recipe) {
  const yaml::Node* models = node.find("models");
  const yaml::Node* slices = node.find("slices");
  if (filled(models) && list_or_report(context, models, "models")) {
    recipe.models = read_inputs(context, *models, false);
  }
  if (filled(slices) && list_or_report(context, slices, "slices")) {
    for (const yaml::Node& slice : slices->items) {
      recipe.slices.push_back(read_slice(context, slice));
    }
  }
}

void read_module(ReadContext& context, const std::string& name, const yaml::Node& node,
                 Recipe& recipe) {
  if (name != "default") {
    context.problems.error(
        node.place,
        fmt::format("unknown module {}: the supported architectures have one module, 'default'",
                    in_quotes(name)),
        "write 'models' or 'slices' at the top level");
    return;
  }
  if (node.kind != yaml::Kind::kMap) {
    context.problems.error(node.place,
                           fmt::format("a module must be a map, not {}", node.describe()),
                           "its keys: models or slices, parameters");
    return;
  }
  check_keys(context, node, Level::kModule);
  const bool models = filled(node.find("models"));
  const bool slices = filled(node.find("slices"));
  if (models == slices) {
    context.problems.error(node.place,
                           fmt::format("module 'default' has {} of 'models' and 'slices'",
                                       (models ? "both" : "neither")),
                           "write exactly one of them");
  }
  read_models_or_slices(context, node, recipe);
  recipe.module_parameters = read_settings(context, node.find("parameters"), false);
}

void read_modules(ReadContext& context, const yaml::Node& modules, Recipe& recipe) {
  if (modules.kind != yaml::Kind::kMap) {
    context.problems.error(modules.place,
                           fmt::format("'modules' must be a map, not {}", modules.describe()),
                           "write 'models' or 'slices' at the top level");
    return;
  }
  for (const auto& [name, node] : modules.entries) read_module(context, name, node, recipe);
}

}  // namespace

void read_body(ReadContext& context, const yaml::Node& root, Recipe& recipe) {
  std::string present;
  int count = 0;
  for (const char* key : {"models", "slices", "modules"}) {
    if (!filled(root.find(key))) continue;
    present.append(count++ ? ", " : "").append(key);
  }
  if (count == 0) {
    context.problems.error(root.place, "none of 'models', 'slices' and 'modules' is there",
                           "write exactly one of them, with at least one entry");
  } else if (count > 1) {
    context.problems.error(
        root.place,
        fmt::format("only one of 'models', 'slices' and 'modules' is allowed: {} are there",
                    present),
        "keep one of them");
  }
  read_models_or_slices(context, root, recipe);
  if (filled(root.find("modules"))) read_modules(context, *root.find("modules"), recipe);
}

}  // namespace mod::merge::detail
