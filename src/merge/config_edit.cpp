#include "merge/config_edit.h"

#include <fmt/format.h>

#include <algorithm>

namespace mod::merge {
namespace {

using checkpoint::Json;

/// The object at a dotted path's parent, and the last key.
std::pair<Json*, std::string> parent_of(Json& config, const std::string& path) {
  Json* at = &config;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    at = &(*at)[path.substr(begin, dot - begin)];
    begin = dot + 1;
  }
  return {at, path.substr(begin)};
}

void set_dtype(Json& config, DType dtype) {
  const std::string name(dtype_torch_name(dtype));
  bool found = false;
  for (const char* prefix : {"", "text_config."}) {
    for (const char* key : {"dtype", "torch_dtype"}) {
      const std::string path = fmt::format("{}{}", prefix, key);
      if (!arch::find_key(config, path)) continue;
      const auto [parent, last] = parent_of(config, path);
      found = true;
      const Json& value = (*parent)[last];
      if (value != name && value != "torch." + name) (*parent)[last] = name;
    }
  }
  if (!found && config.is_object()) config["torch_dtype"] = name;
}

void set_int(Json& config, const std::string& path, std::int64_t value) {
  if (arch::config_int(config, path) == value) return;
  if (!arch::find_key(config, path)) return;
  const auto [parent, last] = parent_of(config, path);
  (*parent)[last] = value;
}

bool is_list_of_scalars(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_primitive(); });
}

// Lists that may have as many entries as there are layers without belonging to them.
bool is_other_list(const std::string& key) {
  return key == "architectures" || key.ends_with("token_id") || key.ends_with("token_ids") ||
         key == "keys_to_ignore_at_inference";
}

void cut_list(Json& value, const std::string& path, const ConfigChanges& changes,
              std::vector<std::pair<std::string, std::string>>& broken) {
  Json out = Json::array();
  for (const LayerOrigin& origin : changes.origins) {
    const Json* list = arch::find_key(*origin.config, path);
    if (!list || !list->is_array() || static_cast<std::int64_t>(list->size()) != origin.layers) {
      broken.emplace_back(path, "the config of a source has no such list with one entry a layer");
      return;
    }
    out.push_back((*list)[static_cast<std::size_t>(origin.layer)]);
  }
  value = std::move(out);
}

// mlp_only_layers holds layer numbers, not one entry a layer.
void renumber_list(Json& value, const std::string& path, const ConfigChanges& changes) {
  Json out = Json::array();
  for (std::size_t i = 0; i < changes.origins.size(); ++i) {
    const LayerOrigin& origin = changes.origins[i];
    const Json* list = arch::find_key(*origin.config, path);
    if (list && list->is_array() &&
        std::find(list->begin(), list->end(), origin.layer) != list->end()) {
      out.push_back(i);
    }
  }
  value = std::move(out);
}

void cut_lists(Json& object, const std::string& prefix, std::int64_t donor_layers,
               const ConfigChanges& changes,
               std::vector<std::pair<std::string, std::string>>& broken) {
  for (auto& [key, value] : object.items()) {
    if (key == "mlp_only_layers" && value.is_array()) {
      renumber_list(value, prefix + key, changes);
    } else if (is_list_of_scalars(value) && !is_other_list(key) && donor_layers > 0 &&
               static_cast<std::int64_t>(value.size()) == donor_layers) {
      cut_list(value, prefix + key, changes, broken);
    }
  }
}

}  // namespace

Json edit_config(const Json& donor, const arch::Architecture& architecture,
                 std::int64_t donor_layers, const ConfigChanges& changes,
                 std::vector<std::pair<std::string, std::string>>& broken) {
  Json config = donor;
  if (!config.is_object()) return config;
  if (!changes.origins.empty()) {
    cut_lists(config, "", donor_layers, changes, broken);
    if (const auto text = config.find("text_config"); text != config.end() && text->is_object()) {
      cut_lists(*text, "text_config.", donor_layers, changes, broken);
    }
    set_int(config, architecture.layers_key, static_cast<std::int64_t>(changes.origins.size()));
  }
  if (changes.vocabulary) set_int(config, architecture.vocab_key, *changes.vocabulary);
  if (changes.dtype) set_dtype(config, *changes.dtype);
  return config;
}

}  // namespace mod::merge
