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
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  query_key_norms(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm),
                   layer_tensor("mlp.gate", Role::kRouter, LayerKind::kSparse)},
                  gated_mlp("mlp.", LayerKind::kDense)});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.query_key_norm = QueryKeyNorm::kEachHead;
  run.window = {.rule = WindowRule::kEveryLayer, .switched = true, .width = 4096};
  run.experts = {.width_key = "moe_intermediate_size", .renormalise_key = "norm_topk_prob"};
  a.run = run;
  return a;
}

}  // namespace mod::arch
