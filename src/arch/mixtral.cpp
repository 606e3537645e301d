// Mixtral: every layer is sparse. transformers 5 renames the block to mlp and fuses the experts.
#include "arch/parts.h"

namespace mod::arch {

Architecture mixtral() {
  Architecture a;
  a.id = "mixtral";
  a.class_names = {"MixtralForCausalLM"};
  a.model_types = {"mixtral"};
  a.expert_count_keys = {"num_local_experts", "num_experts"};
  a.experts = gated_experts("block_sparse_moe.", "w1", "w3", "w2");
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm)},
                  {{.name = "model.layers.{L}.block_sparse_moe.gate.weight",
                    .aliases = {"model.layers.{L}.mlp.gate.weight"},
                    .role = Role::kRouter}}});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.rope_theta = 1000000;
  run.window = {.rule = WindowRule::kEveryLayer};
  run.experts = {.width_key = "intermediate_size"};
  a.run = run;
  return a;
}

}  // namespace mod::arch
