#include "arch/run_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "arch/run_spec_parts.h"
#include "mod/error.h"

namespace mod::arch {
namespace {

// Far above every model there is; products of two stay far below 2^63.
constexpr std::int64_t kMostLayers = 1 << 14;
constexpr std::int64_t kMostWidth = 1 << 24;
constexpr std::int64_t kMostHeads = 1 << 16;
constexpr std::int64_t kMostVocabulary = 1 << 28;
constexpr std::int64_t kMostExperts = 1 << 16;

struct NamedActivation {
  const char* name;
  Activation activation;
};
constexpr NamedActivation kActivations[] = {{"silu", Activation::kSilu},
                                            {"swish", Activation::kSilu},
                                            {"gelu", Activation::kGelu},
                                            {"gelu_pytorch_tanh", Activation::kGeluTanh},
                                            {"gelu_new", Activation::kGeluTanh}};

void read_sizes(ConfigReader& reader, RunSpec& spec) {
  spec.hidden = reader.needed_integer("hidden_size", 1, kMostWidth);
  spec.width = reader.needed_integer("intermediate_size", 1, kMostWidth);
  spec.heads = reader.needed_integer("num_attention_heads", 1, kMostHeads);
  spec.kv_heads = reader.integer("num_key_value_heads", 1, kMostHeads).value_or(spec.heads);
  if (spec.heads % spec.kv_heads != 0) {
    reader.error(
        "num_attention_heads",
        fmt::format("is {}, not a multiple of num_key_value_heads {}", spec.heads, spec.kv_heads));
  }
  if (const auto dim = reader.integer("head_dim", 2, kMostHeads)) {
    spec.head_dim = *dim;
  } else {
    if (spec.hidden % spec.heads != 0) {
      reader.error("hidden_size", fmt::format("is {}, not a multiple of num_attention_heads {}",
                                              spec.hidden, spec.heads));
    }
    spec.head_dim = spec.hidden / spec.heads;
  }
  if (spec.heads * spec.head_dim > kMostWidth) {
    reader.error("head_dim", fmt::format("gives {} heads of {}: more than {} in all", spec.heads,
                                         spec.head_dim, kMostWidth));
  }
}

float read_cap(const CapTraits& traits, ConfigReader& reader) {
  if (traits.key.empty()) return 0;
  if (!reader.has(traits.key)) return static_cast<float>(traits.absent);
  return static_cast<float>(reader.number(traits.key, 1e-3, 1e6).value_or(0));
}

float read_scale(const std::string& key, ConfigReader& reader) {
  if (key.empty()) return 1;
  return static_cast<float>(reader.number(key, 1e-6, 1e6).value_or(1));
}

void read_scales(const RunTraits& traits, ConfigReader& reader, RunSpec& spec) {
  spec.norm_epsilon = static_cast<float>(reader.needed_number("rms_norm_eps", 0, 1));
  spec.norm_offset = traits.norm_offset;
  spec.query_key_norm = traits.query_key_norm;
  double scale = 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(1, spec.head_dim)));
  if (const std::string& key = traits.attention_scale_key; !key.empty()) {
    scale = reader.number(key, 1e-6, 1e6).value_or(1);
  } else if (const std::string& scalar = traits.query_scalar_key; !scalar.empty()) {
    scale = 1 / std::sqrt(reader.needed_number(scalar, 1e-3, 1e6));
  }
  spec.attention_scale = static_cast<float>(scale);
  spec.attention_cap = read_cap(traits.attention_cap, reader);
  spec.logit_cap = read_cap(traits.logit_cap, reader);
  spec.logit_scale = 1 / read_scale(traits.logit_divisor_key, reader);
  spec.residual_scale = read_scale(traits.residual_scale_key, reader);
  spec.embedding_scale = traits.embedding_times_root
                             ? std::sqrt(static_cast<float>(spec.hidden))
                             : read_scale(traits.embedding_scale_key, reader);
}

void read_activation(const RunTraits& traits, ConfigReader& reader, RunSpec& spec) {
  const std::string name = reader.text(traits.activation_key).value_or(traits.activation);
  for (const NamedActivation& known : kActivations) {
    if (name == known.name) {
      spec.activation = known.activation;
      return;
    }
  }
  reader.error(traits.activation_key, fmt::format("'{}' is not supported yet", name.substr(0, 40)),
               "silu, gelu and gelu_pytorch_tanh are");
}

void read_experts(const Architecture& architecture, const ExpertTraits& traits,
                  ConfigReader& reader, RunSpec& spec) {
  if (architecture.experts.empty()) return;
  ExpertSpec& experts = spec.experts;
  const std::string* key = &architecture.expert_count_keys.front();
  for (const std::string& other : architecture.expert_count_keys) {
    if (reader.is_set(other)) {
      key = &other;
      break;
    }
  }
  experts.count = reader.needed_integer(*key, 1, kMostExperts);
  experts.used = reader.needed_integer("num_experts_per_tok", 1, kMostExperts);
  if (experts.used > experts.count) {
    reader.error("num_experts_per_tok", fmt::format("is {}, but there are {} experts ({})",
                                                    experts.used, experts.count, *key));
  }
  experts.width = reader.needed_integer(traits.width_key, 1, kMostWidth);
  if (!traits.shared_width_key.empty()) {
    experts.shared_width = reader.needed_integer(traits.shared_width_key, 1, kMostWidth);
  }
  experts.renormalise =
      traits.renormalise_key.empty() || reader.boolean(traits.renormalise_key, false);
  reader.integer("decoder_sparse_step", 1, kMostLayers);
}

/// mlp_only_layers is searched once for every layer, so its length has a limit, too.
void read_sparse_layers(const Architecture& architecture, const Json& config, ConfigReader& reader,
                        RunSpec& spec) {
  constexpr std::size_t kMostDense = 4096;
  const Json* dense = reader.find("mlp_only_layers");
  if (dense && (!dense->is_array() || dense->size() > kMostDense)) {
    return reader.error("mlp_only_layers",
                        fmt::format("is not a list of at most {} layers", kMostDense));
  }
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].sparse = is_sparse_layer(architecture, config, static_cast<std::int64_t>(i));
  }
}

/// Settings that change the computation and have no code here.
void refuse_others(ConfigReader& reader) {
  if (reader.boolean("use_bidirectional_attention", false)) {
    reader.error("use_bidirectional_attention", "is true: only causal models can be run");
  }
}

}  // namespace

const Architecture& architecture_of(const Json& config, const std::string& where) {
  const Json* names = find_key(config, "architectures");
  const bool named = names && names->is_array() && !names->empty() && names->front().is_string();
  const std::string class_name = named ? names->front().get<std::string>() : std::string();
  const std::string type = config_string(config, "model_type").value_or("");
  if (const Architecture* found = find_architecture(class_name, type)) return *found;
  throw Error(ErrorCode::kUnsupported,
              fmt::format("{}: models of the architecture '{}' cannot be run yet", where,
                          class_name.empty() ? type : class_name));
}

RunSpec make_run_spec(const Architecture& architecture, const Json& config,
                      const std::string& file) {
  if (!architecture.run) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: models of the architecture '{}' can be merged but not run yet",
                            file, architecture.id));
  }
  const RunTraits& traits = *architecture.run;
  Problems problems;
  ConfigReader reader(config, file, "", problems);
  RunSpec spec;
  spec.architecture = architecture.id;
  read_sizes(reader, spec);
  spec.vocabulary = reader.needed_integer(architecture.vocab_key, 1, kMostVocabulary);
  read_scales(traits, reader, spec);
  read_activation(traits, reader, spec);
  read_experts(architecture, traits.experts, reader, spec);
  const std::int64_t layers = reader.needed_integer(architecture.layers_key, 1, kMostLayers);
  spec.layers.resize(static_cast<std::size_t>(layers));
  read_sparse_layers(architecture, config, reader, spec);
  read_windows(traits.window, reader, spec);
  read_ropes(traits, config, file, problems, spec);
  spec.tied_known = reader.is_set("tie_word_embeddings");
  spec.tied_embeddings = reader.boolean("tie_word_embeddings", traits.tied_embeddings);
  refuse_others(reader);
  problems.throw_if_errors();
  return spec;
}

}  // namespace mod::arch
