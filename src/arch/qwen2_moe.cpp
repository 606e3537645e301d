// Qwen 1.5 and 2 MoE: experts beside one shared expert; some layers may be dense.
#include "arch/parts.h"

namespace mod::arch {

Architecture qwen2_moe() {
  Architecture a;
  a.id = "qwen2_moe";
  a.class_names = {"Qwen2MoeForCausalLM"};
  a.model_types = {"qwen2_moe"};
  a.expert_count_keys = {"num_experts", "num_local_experts"};
  a.experts = gated_experts("mlp.", "gate_proj", "up_proj", "down_proj");
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm),
                   layer_tensor("mlp.gate", Role::kRouter, LayerKind::kSparse),
                   layer_tensor("mlp.shared_expert_gate", Role::kSharedRouter, LayerKind::kSparse)},
                  shared_expert("mlp.shared_expert."),
                  gated_mlp("mlp.", LayerKind::kDense)});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.window = {.rule = WindowRule::kListedLayers, .switched = true, .width = 4096};
  run.experts = {.width_key = "moe_intermediate_size",
                 .shared_width_key = "shared_expert_intermediate_size",
                 .renormalise_key = "norm_topk_prob"};
  a.run = run;
  return a;
}

}  // namespace mod::arch
