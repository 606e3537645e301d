#include "merge/mod_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace mod::merge::detail {

namespace {

struct Expert {
  yaml::Node model;   // a string
  yaml::Node weight;  // a number
};

yaml::Node string_node(std::string text, const Place& place, bool needs_quotes = false) {
  yaml::Node node;
  node.kind = yaml::Kind::kString;
  node.text = std::move(text);
  node.quoted = needs_quotes;
  node.place = place;
  return node;
}

yaml::Node map_node(std::vector<std::pair<std::string, yaml::Node>> entries, const Place& place) {
  yaml::Node node;
  node.kind = yaml::Kind::kMap;
  node.entries = std::move(entries);
  node.place = place;
  return node;
}

const yaml::Node* require_list(ReadContext& context, const yaml::Node& root, std::string_view key) {
  const yaml::Node* node = root.find(key);
  if (node && node->kind == yaml::Kind::kSequence && !node->items.empty()) return node;
  context.problems.error(node ? node->place : root.place,
                         fmt::format("'{}' must be a list with entries, not {}", key,
                                     node ? node->describe() : "absent"));
  return nullptr;
}

std::vector<yaml::Node> read_experts(ReadContext& context, const yaml::Node& root) {
  std::vector<yaml::Node> out;
  const yaml::Node* list = require_list(context, root, "experts");
  if (!list) return out;
  for (const yaml::Node& item : list->items) {
    if (item.kind != yaml::Kind::kMap) {
      context.problems.error(
          item.place,
          fmt::format("an expert must be a map with 'source_model', not {}", item.describe()),
          "write '- source_model: PATH'");
      continue;
    }
    check_keys(context, item, Level::kModExpert);
    const yaml::Node* model = item.find("source_model");
    if (absent(model)) {
      context.problems.error(item.place, "'source_model' is missing",
                             "write '- source_model: PATH'");
    } else if (require_string(context, *model, "'source_model'")) {
      out.push_back(*model);
    }
  }
  return out.size() == list->items.size() ? out : std::vector<yaml::Node>();
}

/// Plain numbers in [0, 1] that sum to 1 as the reference demands.
std::vector<yaml::Node> read_weights(ReadContext& context, const yaml::Node& root) {
  std::vector<yaml::Node> out;
  const yaml::Node* list = require_list(context, root, "weights");
  if (!list) return out;
  double sum = 0;
  for (const yaml::Node& item : list->items) {
    const auto value = item.is_null() || !item.is_scalar() ? std::nullopt : item.as_number();
    if (!value || !(*value >= 0 && *value <= 1)) {
      context.problems.error(
          item.place,
          fmt::format("a weight must be a number from 0 to 1, not {}", item.describe()));
      continue;
    }
    sum += *value;
    out.push_back(item);
  }
  if (out.size() != list->items.size()) return {};
  if (std::fabs(sum - 1) > 1e-5 * std::max(sum, 1.0)) {
    context.problems.error(list->place,
                           fmt::format("the weights must sum to 1, here to {:.9g}", sum));
    return {};
  }
  return out;
}

void check_base_model(ReadContext& context, const yaml::Node& root,
                      const std::vector<yaml::Node>& experts) {
  const yaml::Node* base = root.find("base_model");
  if (absent(base)) {
    context.problems.error(base ? base->place : root.place, "'base_model' is missing",
                           "name one of the experts");
    return;
  }
  if (!require_string(context, *base, "'base_model'") || experts.empty()) return;
  const bool known = std::any_of(experts.begin(), experts.end(), [&](const yaml::Node& expert) {
    return expert.text == base->text;
  });
  if (!known) {
    context.problems.error(
        base->place, fmt::format("base_model {} is none of the experts", in_quotes(base->text)),
        "it must be spelled exactly as one expert's source_model");
    return;
  }
  context.problems.note(base->place,
                        "'base_model' has no effect in this form: the merge starts from the first "
                        "expert, which also gives config and tokenizer");
}

/// Options of the reference's loader have no meaning here; those that it does not know are listed.
void check_model_kwargs(ReadContext& context, const yaml::Node& root) {
  const yaml::Node* kwargs = root.find("model_kwargs");
  if (absent(kwargs)) return;
  constexpr std::string_view kKnown[] = {"device_map",
                                         "low_cpu_mem_usage",
                                         "trust_remote_code",
                                         "torch_dtype",
                                         "dtype",
                                         "max_memory",
                                         "offload_folder",
                                         "offload_state_dict",
                                         "attn_implementation",
                                         "cache_dir",
                                         "revision",
                                         "token",
                                         "use_auth_token",
                                         "local_files_only",
                                         "force_download",
                                         "use_safetensors",
                                         "load_in_8bit",
                                         "load_in_4bit",
                                         "quantization_config",
                                         "variant",
                                         "subfolder"};
  std::vector<const yaml::Node*> maps;
  if (kwargs->kind == yaml::Kind::kMap) maps.push_back(kwargs);
  for (const yaml::Node& item : kwargs->items) maps.push_back(&item);
  std::string unknown;
  int listed = 0;
  for (const yaml::Node* map : maps) {
    if (map->kind != yaml::Kind::kMap) {
      context.problems.error(
          map->place,
          fmt::format("an entry of 'model_kwargs' must be a map, not {}", map->describe()));
      continue;
    }
    for (const auto& [key, value] : map->entries) {
      if (std::find(std::begin(kKnown), std::end(kKnown), key) != std::end(kKnown)) continue;
      if (listed++ < 20) unknown.append(unknown.empty() ? "" : ", ").append(in_quotes(key));
    }
  }
  if (kwargs->is_scalar()) {
    context.problems.error(
        kwargs->place,
        fmt::format("'model_kwargs' must be a map or a list of maps, not {}", kwargs->describe()));
  }
  if (!unknown.empty()) {
    context.problems.warn(kwargs->place,
                          fmt::format("unknown loader options in 'model_kwargs': {}", unknown),
                          "'model_kwargs' has no effect here; remove it");
  }
}

/// The reference reads the whole string as a path, so '+' and '@' must not split it.
yaml::Node model_node(const yaml::Node& path) {
  if (path.text.find_first_of("+@") == std::string::npos) return path;
  return map_node({{"model", map_node({{"path", path}}, path.place)}}, path.place);
}

yaml::Node models_node(const std::vector<Expert>& experts, const Place& place) {
  yaml::Node list;
  list.kind = yaml::Kind::kSequence;
  list.place = place;
  for (const Expert& expert : experts) {
    yaml::Node parameters = map_node({{"weight", expert.weight}}, expert.weight.place);
    list.items.push_back(
        map_node({{"model", model_node(expert.model)}, {"parameters", std::move(parameters)}},
                 expert.model.place));
  }
  return list;
}

yaml::Node reference_recipe(const std::vector<Expert>& experts, const yaml::Node& root) {
  const Place& at = root.place;
  yaml::Node parameters =
      map_node({{"select", string_node("reference", at)}, {"match", string_node("mlp", at)}}, at);
  return map_node({{"merge_method", string_node("mod", at)},
                   {"models", models_node(experts, root.find("experts")->place)},
                   {"parameters", std::move(parameters)},
                   {"compute", string_node("bf16", at)},
                   {"out_dtype", string_node("bfloat16", at)}},
                  at);
}

yaml::Node copy_recipe(const yaml::Node& expert, const yaml::Node& root) {
  yaml::Node list;
  list.kind = yaml::Kind::kSequence;
  list.place = root.find("experts")->place;
  list.items.push_back(map_node({{"model", model_node(expert)}}, expert.place));
  return map_node({{"merge_method", string_node("passthrough", root.place)},
                   {"models", std::move(list)},
                   {"out_dtype", string_node("bfloat16", root.place)}},
                  root.place);
}

bool check_expert_count(ReadContext& context, const yaml::Node& root, std::size_t experts,
                        std::size_t weights, bool compat) {
  if (experts != weights) {
    context.problems.error(
        root.find("weights")->place,
        fmt::format("one weight for each expert is needed: {} experts, {} weights", experts,
                    weights));
    return false;
  }
  const Place& place = root.find("experts")->place;
  if (experts < 2) {
    context.problems.error(place, "two experts are needed, here is one");
    return false;
  }
  if (experts == 2) return true;
  const std::string text =
      fmt::format("this form is defined for two experts, here are {}", experts);
  if (compat) {
    context.problems.warn(
        place, fmt::format("{}; as in the reference, every tensor is kept from the first", text),
        "write a recipe with 'merge_method: mod' to merge all of them");
  } else {
    context.problems.error(place, text,
                           "write a recipe with 'merge_method: mod', which takes any number; "
                           "--compat copies the first expert, as the reference does");
  }
  return true;
}

}  // namespace

bool is_mod_form(const yaml::Node& root) {
  return root.find("experts") && root.find("weights") && !root.find("merge_method");
}

bool is_mod_form_key(std::string_view key) {
  return key == "base_model" || key == "experts" || key == "model_kwargs" || key == "weights";
}

std::optional<yaml::Node> translate_mod_form(ReadContext& context, const yaml::Node& root,
                                             bool compat) {
  const std::size_t errors = context.problems.count(Severity::kError);
  check_keys(context, root, Level::kModTop);
  std::vector<yaml::Node> models = read_experts(context, root);
  std::vector<yaml::Node> weights = read_weights(context, root);
  check_base_model(context, root, models);
  check_model_kwargs(context, root);
  const bool listed = !models.empty() && !weights.empty();
  if (listed) check_expert_count(context, root, models.size(), weights.size(), compat);
  if (context.problems.count(Severity::kError) != errors) return std::nullopt;
  if (models.size() > 2) return copy_recipe(models[0], root);
  std::vector<Expert> experts;
  for (std::size_t i = 0; i < models.size(); ++i) experts.push_back({models[i], weights[i]});
  return reference_recipe(experts, root);
}

}  // namespace mod::merge::detail
