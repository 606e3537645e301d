// How models of a kind compute: the part that each tensor plays, what the kind fixes, and the
// config keys of what it leaves open. Part of arch::Architecture; RunSpec is made from it.
#pragma once

#include <cstdint>
#include <string>

namespace mod::arch {

/// The part of a tensor in a forward pass. A part that a kind does not list is a step that it does
/// not have: without kAttentionNorm nothing is normalised before the attention (OLMo 2).
enum class Role {
  kNone,
  kEmbedding,
  kFinalNorm,
  kHead,
  // Around the two blocks of a layer: x += post_norm(block(norm(x))).
  kAttentionNorm,
  kAttentionPostNorm,
  kMlpNorm,
  kMlpPostNorm,
  // Attention. kQueryKeyValue is the three of them stacked (Phi-3).
  kQuery,
  kKey,
  kValue,
  kQueryKeyValue,
  kOutput,
  kQueryNorm,
  kKeyNorm,
  // Gated feed-forward: down(activation(gate(x)) * up(x)). kGateUp is gate above up (Phi-3).
  kGate,
  kUp,
  kGateUp,
  kDown,
  // Mixture of experts: the router's scores, and one expert that sees every token (Qwen2-MoE).
  kRouter,
  kSharedGate,
  kSharedUp,
  kSharedDown,
  kSharedRouter,
};

/// Norms on queries and keys before they are rotated: none, one for each head (all heads share its
/// weight), or one over all heads together.
enum class QueryKeyNorm { kNone, kEachHead, kWhole };

/// Which layers see only a sliding window. All but kNone and kEveryLayer follow `layer_types` where
/// the config has it; these are the rules for configs that do not.
enum class WindowRule {
  kNone,
  kEveryLayer,
  kUpperLayers,   // from max_window_layers on
  kListedLayers,  // no other rule: layer_types is needed
  kPattern,       // all but every n-th
};

struct WindowTraits {
  WindowRule rule = WindowRule::kNone;
  bool switched = false;     // only where use_sliding_window is true
  std::int64_t width = 0;    // where the key sliding_window is absent; 0: no window then
  std::int64_t pattern = 0;  // n of kPattern, where the key sliding_window_pattern is absent
};

/// A soft cap: cap * tanh(x / cap). An empty key: this kind has none.
struct CapTraits {
  std::string key;
  double absent = 0;  // where the key is absent (null means none); 0: none
};

struct ExpertTraits {
  std::string width_key;         // rows of one expert's gate
  std::string shared_width_key;  // of the shared expert; empty: there is none
  std::string renormalise_key;   // whether the chosen experts' weights are divided by their sum;
                                 // empty: always
};

/// Keys of numbers are empty where the kind does not have that number.
struct RunTraits {
  float norm_offset = 0;  // RMS norms multiply by weight + offset (Gemma: 1)
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;

  double rope_theta = 10000;    // where the config is silent
  double local_rope_theta = 0;  // of layers with a window; 0: the same settings for all layers
  WindowTraits window;

  std::string attention_scale_key;  // the factor of q . k itself (Granite)
  std::string query_scalar_key;     // 1 / its root is the factor (Gemma); else head_dim is taken
  CapTraits attention_cap, logit_cap;

  std::string activation_key = "hidden_act";
  std::string activation = "silu";  // where the key is absent

  bool embedding_times_root = false;  // embeddings are multiplied by sqrt(hidden_size)
  std::string embedding_scale_key, residual_scale_key, logit_divisor_key;
  bool tied_embeddings = false;  // where the config is silent

  ExpertTraits experts;
};

}  // namespace mod::arch
