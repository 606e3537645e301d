// An architecture as data: which tensors a model of this kind has, where its config says how many,
// and how it computes. The same definition serves merging and running. A new architecture is one
// file with a function that returns its definition, and one line in registry.cpp.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/run_traits.h"

namespace mod::arch {

using Json = nlohmann::ordered_json;

/// Layers in which a tensor occurs. Mixtures of experts may keep some layers dense.
enum class LayerKind { kAny, kDense, kSparse };

struct TensorTemplate {
  std::string name;                  // "{L}" stands for the layer's number; as written on output
  std::vector<std::string> aliases;  // other names of the same tensor in checkpoints
  std::string tied_to;               // the tensor that stands in where this one is not stored
  bool optional = false;             // models without it are complete
  bool embedding = false;            // one row for each token of the vocabulary
  LayerKind when = LayerKind::kAny;
  Role role = Role::kNone;  // what running does with it
  bool bias = false;        // the bias of that role, not its matrix
};

/// One tensor of each expert. Checkpoints hold it as one tensor an expert, or fused with those of
/// the other experts in a tensor of shape (experts, parts x rows, columns): ours is the rows of
/// `part`.
struct ExpertTemplate {
  std::string name;   // "{L}" and "{E}"
  std::string fused;  // "{L}"
  int part = 0, parts = 1;
  Role role = Role::kNone;  // kGate, kUp or kDown of one expert
};

struct Architecture {
  std::string id;                        // "qwen2"
  std::vector<std::string> class_names;  // config.json: architectures
  std::vector<std::string> model_types;  // config.json: model_type
  std::string layers_key = "num_hidden_layers";
  std::string vocab_key = "vocab_size";
  std::vector<std::string> expert_count_keys;  // the first that the config has
  std::vector<TensorTemplate> before, layer, after;
  std::vector<ExpertTemplate> experts;  // of every sparse layer
  std::vector<std::string> recomputed;  // buffers that every reader computes itself; not written
  bool inferred = false;                // made from names, not from a definition
  std::optional<RunTraits> run;         // nothing where models of this kind can only be merged
};

/// All definitions, in the order of the docs.
std::span<const Architecture> architectures();

/// The definition for a class name (chosen by model_type where several share it), or for a
/// model_type alone where class_name is empty. Null if there is none.
const Architecture* find_architecture(std::string_view class_name, std::string_view model_type);

/// A template with numbers filled in.
std::string expand(std::string_view name, std::int64_t layer, std::int64_t expert = 0);

/// One tensor of a layer: experts are numbered, the layer is still "{L}".
struct Slot {
  std::string name;
  std::string tied_to;
  bool optional = false;
  bool embedding = false;
};
std::vector<Slot> layer_slots(const Architecture& architecture, bool sparse, int experts);

/// The value at a key path ("text_config.vocab_size"); null if it is absent or JSON null.
const Json* find_key(const Json& config, std::string_view path);
std::optional<std::int64_t> config_int(const Json& config, std::string_view path);
std::optional<double> config_number(const Json& config, std::string_view path);
std::optional<std::string> config_string(const Json& config, std::string_view path);

/// Whether this layer has experts, by the config (mlp_only_layers, decoder_sparse_step).
bool is_sparse_layer(const Architecture& architecture, const Json& config, std::int64_t layer);
/// Number of experts by the config; 0 for dense architectures, nothing if the key is missing.
std::optional<std::int64_t> expert_count(const Architecture& architecture, const Json& config);
/// tie_word_embeddings, also inside text_config; nothing where the config is silent.
std::optional<bool> tied_embeddings(const Json& config);

}  // namespace mod::arch
