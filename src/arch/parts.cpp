#include "arch/parts.h"

namespace mod::arch {
namespace {

const std::string kLayer = "model.layers.{L}.";

}  // namespace

std::vector<TensorTemplate> layer_tensors(std::initializer_list<const char*> suffixes,
                                          bool optional, LayerKind when) {
  std::vector<TensorTemplate> out;
  for (const char* suffix : suffixes) {
    out.push_back({.name = kLayer + suffix, .optional = optional, .when = when});
  }
  return out;
}

std::vector<TensorTemplate> separate_attention() {
  std::vector<TensorTemplate> out =
      layer_tensors({"self_attn.q_proj.weight", "self_attn.k_proj.weight",
                     "self_attn.v_proj.weight", "self_attn.o_proj.weight"});
  for (TensorTemplate& bias : layer_tensors({"self_attn.q_proj.bias", "self_attn.k_proj.bias",
                                             "self_attn.v_proj.bias", "self_attn.o_proj.bias"},
                                            true)) {
    out.push_back(std::move(bias));
  }
  return out;
}

std::vector<TensorTemplate> gated_mlp(const std::string& prefix, LayerKind when) {
  std::vector<TensorTemplate> out;
  for (const char* kind : {".weight", ".bias"}) {
    const bool bias = kind[1] == 'b';
    for (const char* part : {"gate_proj", "up_proj", "down_proj"}) {
      out.push_back({.name = kLayer + prefix + part + kind, .optional = bias, .when = when});
    }
  }
  return out;
}

std::vector<ExpertTemplate> gated_experts(const std::string& prefix, const char* gate,
                                          const char* up, const char* down) {
  const std::string each = kLayer + prefix + "experts.{E}.";
  const std::string fused = kLayer + "mlp.experts.";
  return {{each + gate + ".weight", fused + "gate_up_proj", 0, 2},
          {each + up + ".weight", fused + "gate_up_proj", 1, 2},
          {each + down + ".weight", fused + "down_proj", 0, 1}};
}

TensorTemplate token_embedding() {
  return {.name = "model.embed_tokens.weight", .embedding = true};
}

std::vector<TensorTemplate> norm_and_head() {
  return {{.name = "model.norm.weight"},
          {.name = "lm_head.weight", .tied_to = "model.embed_tokens.weight", .embedding = true}};
}

std::vector<TensorTemplate> join(std::initializer_list<std::vector<TensorTemplate>> parts) {
  std::vector<TensorTemplate> out;
  for (const std::vector<TensorTemplate>& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace mod::arch
