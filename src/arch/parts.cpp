#include "arch/parts.h"

namespace mod::arch {
namespace {

const std::string kLayer = "model.layers.{L}.";

TensorTemplate optional_bias(const std::string& name, Role role, LayerKind when) {
  return {
      .name = kLayer + name + ".bias", .optional = true, .when = when, .role = role, .bias = true};
}

struct Named {
  const char* name;
  Role role;
};

/// The weights of all parts, then their biases: the order in which transformers saves them.
std::vector<TensorTemplate> with_biases(const std::string& prefix,
                                        std::initializer_list<Named> parts, LayerKind when) {
  std::vector<TensorTemplate> out;
  for (const Named& part : parts) out.push_back(layer_tensor(prefix + part.name, part.role, when));
  for (const Named& part : parts) out.push_back(optional_bias(prefix + part.name, part.role, when));
  return out;
}

}  // namespace

TensorTemplate layer_tensor(const std::string& name, Role role, LayerKind when) {
  return {.name = kLayer + name + ".weight", .when = when, .role = role};
}

std::vector<TensorTemplate> separate_attention() {
  return with_biases("self_attn.",
                     {{"q_proj", Role::kQuery},
                      {"k_proj", Role::kKey},
                      {"v_proj", Role::kValue},
                      {"o_proj", Role::kOutput}},
                     LayerKind::kAny);
}

std::vector<TensorTemplate> query_key_norms() {
  return {layer_tensor("self_attn.q_norm", Role::kQueryNorm),
          layer_tensor("self_attn.k_norm", Role::kKeyNorm)};
}

std::vector<TensorTemplate> gated_mlp(const std::string& prefix, LayerKind when) {
  return with_biases(
      prefix, {{"gate_proj", Role::kGate}, {"up_proj", Role::kUp}, {"down_proj", Role::kDown}},
      when);
}

std::vector<TensorTemplate> shared_expert(const std::string& prefix) {
  return with_biases(prefix,
                     {{"gate_proj", Role::kSharedGate},
                      {"up_proj", Role::kSharedUp},
                      {"down_proj", Role::kSharedDown}},
                     LayerKind::kSparse);
}

std::vector<ExpertTemplate> gated_experts(const std::string& prefix, const char* gate,
                                          const char* up, const char* down) {
  const std::string each = kLayer + prefix + "experts.{E}.";
  const std::string fused = kLayer + "mlp.experts.";
  return {{each + gate + ".weight", fused + "gate_up_proj", 0, 2, Role::kGate},
          {each + up + ".weight", fused + "gate_up_proj", 1, 2, Role::kUp},
          {each + down + ".weight", fused + "down_proj", 0, 1, Role::kDown}};
}

TensorTemplate token_embedding() {
  return {.name = "model.embed_tokens.weight", .embedding = true, .role = Role::kEmbedding};
}

std::vector<TensorTemplate> norm_and_head() {
  return {{.name = "model.norm.weight", .role = Role::kFinalNorm},
          {.name = "lm_head.weight",
           .tied_to = "model.embed_tokens.weight",
           .embedding = true,
           .role = Role::kHead}};
}

std::vector<TensorTemplate> join(std::initializer_list<std::vector<TensorTemplate>> parts) {
  std::vector<TensorTemplate> out;
  for (const std::vector<TensorTemplate>& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace mod::arch
