#include "arch/infer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "arch/tensor_map.h"

namespace mod::arch {
namespace {

using checkpoint::ModelFolder;
using checkpoint::TensorInfo;

constexpr const char* kLayerKeys[] = {
    "num_hidden_layers",  "n_layer", "n_layers", "num_layers", "text_config.num_hidden_layers",
    "text_config.n_layer"};
constexpr const char* kVocabKeys[] = {"vocab_size", "text_config.vocab_size"};

/// "model.layers.3.mlp.weight" -> prefix "model.layers.", layer 3, rest ".mlp.weight".
struct Cut {
  std::string prefix, rest;
  std::int64_t index = -1;  // -1: the name has no number
};

Cut cut_at_index(const std::string& name) {
  Cut out;
  out.index = first_index(name);
  if (out.index < 0) return out;
  // first_index found a component; it starts the name or follows a dot.
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (!part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos) {
      out.prefix = name.substr(0, begin);
      out.rest = name.substr(end);
      return out;
    }
    begin = end + 1;
  }
  return out;
}

std::string main_prefix(const ModelFolder& model, std::int64_t layers) {
  std::map<std::string, std::set<std::int64_t>> lists;
  for (const TensorInfo& t : model.weights->tensors()) {
    const Cut cut = cut_at_index(t.name);
    if (cut.index >= 0) lists[cut.prefix].insert(cut.index);
  }
  std::string best;
  std::size_t longest = 0;
  for (const auto& [prefix, indices] : lists) {
    const std::int64_t length = *indices.rbegin() + 1;
    if (layers >= 0 && length == layers) return prefix;
    if (layers < 0 && indices.size() > longest) {
      best = prefix;
      longest = indices.size();
    }
  }
  return best;
}

bool has_vocabulary_rows(const TensorInfo& tensor, std::optional<std::int64_t> vocabulary) {
  return vocabulary && tensor.shape.size() == 2 && tensor.shape[0] == *vocabulary;
}

/// Whether every model stores this template, in each of its layers if it is one of a layer.
bool is_everywhere(const TensorTemplate& entry, bool in_layer, const std::string& layers_key,
                   std::span<const ModelFolder* const> models) {
  for (const ModelFolder* model : models) {
    const auto stored = static_cast<std::int64_t>(model->weights->tensors().size());
    std::int64_t layers = in_layer ? config_int(model->config, layers_key).value_or(0) : 1;
    layers = std::clamp<std::int64_t>(layers, 0, stored);
    for (std::int64_t i = 0; i < layers; ++i) {
      if (!model->weights->find(expand(entry.name, i))) return false;
    }
  }
  return true;
}

std::string text_of(const Json& config) {
  if (const auto type = config_string(config, "model_type")) return *type;
  return "";
}

void tie_head(Architecture& a) {
  TensorTemplate* head = nullptr;
  const TensorTemplate* embedding = nullptr;
  for (TensorTemplate& t : a.before) {
    if (t.name.ends_with("lm_head.weight")) {
      head = &t;
    } else if (t.embedding && !embedding) {
      embedding = &t;
    }
  }
  if (head && embedding) head->tied_to = embedding->name;
}

}  // namespace

Architecture infer_architecture(std::span<const ModelFolder* const> models) {
  Architecture a;
  const ModelFolder& donor = *models.front();
  a.id = text_of(donor.config).empty() ? "inferred"
                                       : "inferred from names (" + text_of(donor.config) + ")";
  a.inferred = true;
  std::optional<std::int64_t> layers, vocabulary;
  for (const char* key : kLayerKeys) {
    if (layers) break;
    if ((layers = config_int(donor.config, key))) a.layers_key = key;
  }
  for (const char* key : kVocabKeys) {
    if (vocabulary) break;
    if ((vocabulary = config_int(donor.config, key))) a.vocab_key = key;
  }
  const std::string prefix = main_prefix(donor, layers.value_or(-1));
  std::set<std::string> seen;
  for (const ModelFolder* model : models) {
    const auto rows = config_int(model->config, a.vocab_key);
    for (const TensorInfo& t : model->weights->tensors()) {
      const Cut cut = cut_at_index(t.name);
      const bool in_layer = cut.index >= 0 && !prefix.empty() && cut.prefix == prefix;
      TensorTemplate entry;
      entry.name = in_layer ? prefix + "{L}" + cut.rest : t.name;
      entry.embedding = has_vocabulary_rows(t, rows);
      if (!seen.insert(entry.name).second) continue;
      (in_layer ? a.layer : a.before).push_back(std::move(entry));
    }
  }
  // With slices the final norm and the head follow the last slice, as in the definitions.
  for (auto* list : {&a.before, &a.layer}) {
    for (TensorTemplate& t : *list) {
      t.optional = !is_everywhere(t, list == &a.layer, a.layers_key, models);
    }
  }
  tie_head(a);
  auto is_last = [](const TensorTemplate& t) {
    return t.name.ends_with("lm_head.weight") || t.name.find("final") != std::string::npos ||
           t.name.ends_with("model.norm.weight") || t.name.find(".ln_f.") != std::string::npos;
  };
  const auto middle = std::stable_partition(a.before.begin(), a.before.end(),
                                            [&](const TensorTemplate& t) { return !is_last(t); });
  a.after.assign(std::make_move_iterator(middle), std::make_move_iterator(a.before.end()));
  a.before.erase(middle, a.before.end());
  return a;
}

std::string describe_inferred(const Architecture& a, std::int64_t layers) {
  const std::string list = a.layer.empty()
                               ? "no numbered layers"
                               : fmt::format("{} layers like {} with {} tensors each", layers,
                                             a.layer.front().name, a.layer.size());
  return fmt::format("{}; {} tensors outside the layers", list, a.before.size() + a.after.size());
}

}  // namespace mod::arch
