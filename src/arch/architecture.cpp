#include "arch/architecture.h"

#include <algorithm>

namespace mod::arch {
namespace {

void replace_all(std::string& text, std::string_view mark, const std::string& by) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
}

}  // namespace

std::string expand(std::string_view name, std::int64_t layer, std::int64_t expert) {
  std::string out(name);
  replace_all(out, "{L}", std::to_string(layer));
  replace_all(out, "{E}", std::to_string(expert));
  return out;
}

std::vector<Slot> layer_slots(const Architecture& architecture, bool sparse, int experts) {
  std::vector<Slot> out;
  const LayerKind other = sparse ? LayerKind::kDense : LayerKind::kSparse;
  for (const TensorTemplate& t : architecture.layer) {
    if (t.when != other) out.push_back({t.name, t.tied_to, t.optional, t.embedding});
  }
  for (int e = 0; sparse && e < experts; ++e) {
    for (const ExpertTemplate& t : architecture.experts) {
      std::string name = t.name;
      replace_all(name, "{E}", std::to_string(e));
      out.push_back({std::move(name), {}, false, false});
    }
  }
  return out;
}

const Json* find_key(const Json& config, std::string_view path) {
  const Json* at = &config;
  while (true) {
    const std::size_t dot = path.find('.');
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end() || found->is_null()) return nullptr;
    at = &*found;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
}

std::optional<std::int64_t> config_int(const Json& config, std::string_view path) {
  const Json* value = find_key(config, path);
  if (!value || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return value->get<std::int64_t>();
}

std::optional<double> config_number(const Json& config, std::string_view path) {
  const Json* value = find_key(config, path);
  if (!value || !value->is_number()) return std::nullopt;
  return value->get<double>();
}

std::optional<std::string> config_string(const Json& config, std::string_view path) {
  const Json* value = find_key(config, path);
  if (!value || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

bool is_sparse_layer(const Architecture& architecture, const Json& config, std::int64_t layer) {
  if (architecture.experts.empty()) return false;
  if (const Json* dense = find_key(config, "mlp_only_layers"); dense && dense->is_array()) {
    for (const Json& index : *dense) {
      if (index.is_number_integer() && index.get<std::int64_t>() == layer) return false;
    }
  }
  const std::int64_t step = config_int(config, "decoder_sparse_step").value_or(1);
  return step > 0 && (layer + 1) % step == 0 && expert_count(architecture, config).value_or(1) > 0;
}

std::optional<std::int64_t> expert_count(const Architecture& architecture, const Json& config) {
  if (architecture.experts.empty()) return 0;
  for (const std::string& key : architecture.expert_count_keys) {
    if (auto count = config_int(config, key)) return count;
  }
  return std::nullopt;
}

std::optional<bool> tied_embeddings(const Json& config) {
  for (const char* key : {"tie_word_embeddings", "text_config.tie_word_embeddings"}) {
    const Json* value = find_key(config, key);
    if (value && value->is_boolean()) return value->get<bool>();
  }
  return std::nullopt;
}

}  // namespace mod::arch
