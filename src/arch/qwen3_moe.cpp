// Qwen 3 MoE: experts without a shared one; some layers may be dense.
#include "arch/parts.h"

namespace mod::arch {

Architecture qwen3_moe() {
  Architecture a;
  a.id = "qwen3_moe";
  a.class_names = {"Qwen3MoeForCausalLM"};
  a.model_types = {"qwen3_moe"};
  a.expert_count_keys = {"num_experts", "num_local_experts"};
  a.experts = gated_experts("mlp.", "gate_proj", "up_proj", "down_proj");
  a.before = {token_embedding()};
  a.layer = join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
                  layer_tensors({"self_attn.q_norm.weight", "self_attn.k_norm.weight"}),
                  layer_tensors({"post_attention_layernorm.weight"}),
                  layer_tensors({"mlp.gate.weight"}, false, LayerKind::kSparse),
                  gated_mlp("mlp.", LayerKind::kDense)});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
