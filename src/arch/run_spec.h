// Everything that a forward pass must know about a model beside its weights: typed, checked numbers
// made from an architecture's traits and a config.json. Nothing that runs a model asks for the name
// of its architecture or looks into JSON again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arch/architecture.h"

namespace mod::arch {

enum class Activation { kSilu, kGelu, kGeluTanh };

enum class RopeKind { kPlain, kLinear, kLlama3, kYarn, kLongRope };

/// Rotary positions of one kind of layer. The first `dims` of each head are rotated, dimension i
/// together with i + dims / 2. nn/rope.h has the formulas.
struct RopeSpec {
  RopeKind kind = RopeKind::kPlain;
  std::int64_t dims = 0;  // even
  double theta = 10000;
  double factor = 1;                                 // linear, llama3, yarn
  std::int64_t original_context = 0;                 // llama3, yarn, longrope
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;              // yarn
  bool truncate = true;                              // yarn
  std::vector<double> short_factors, long_factors;   // longrope: dims / 2 each
  double attention_factor = 1;                       // yarn, longrope: multiplies cos and sin

  bool operator==(const RopeSpec&) const = default;
};

struct LayerSpec {
  std::int64_t window = 0;  // positions that a query sees, its own among them; 0: all before it
  int rope = 0;             // index into RunSpec::ropes
  bool sparse = false;      // its feed-forward block is a mixture of experts

  bool operator==(const LayerSpec&) const = default;
};

struct ExpertSpec {
  std::int64_t count = 0;  // 0: a dense model
  std::int64_t used = 0;   // experts that a token goes to
  std::int64_t width = 0;
  std::int64_t shared_width = 0;  // 0: no shared expert
  bool renormalise = false;       // weights of the used experts are divided by their sum

  bool operator==(const ExpertSpec&) const = default;
};

struct RunSpec {
  std::string architecture;  // its id, for messages
  std::int64_t hidden = 0, width = 0, vocabulary = 0;
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  /// Positions that the model was made for; max_position_embeddings, stretched by yarn. With
  /// longrope settings more than `usual_context` positions mean other frequencies for all of them.
  std::int64_t context = 0, usual_context = 0;

  float norm_epsilon = 0, norm_offset = 0;
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;
  float attention_scale = 0, attention_cap = 0;  // a cap of 0: none
  float logit_scale = 1, logit_cap = 0;
  float embedding_scale = 1, residual_scale = 1;
  Activation activation = Activation::kSilu;
  bool tied_embeddings = false;
  bool tied_known = false;  // the config says so; else a stored head decides

  std::vector<RopeSpec> ropes;    // at least one
  std::vector<LayerSpec> layers;  // at least one
  ExpertSpec experts;

  bool operator==(const RunSpec&) const = default;
};

/// The architecture that a config names; `where` it lies is for messages. Throws
/// Error(kUnsupported) where it has no definition.
const Architecture& architecture_of(const Json& config, const std::string& where);

/// Throws Error(kInvalidInput) that lists everything that is missing, of the wrong type, out of
/// range or contradictory in `config`, with file and key; kUnsupported where models of this kind
/// can only be merged. Allocates for the layers only, of which there are at most 16,384.
RunSpec make_run_spec(const Architecture& architecture, const Json& config,
                      const std::string& file);

}  // namespace mod::arch
