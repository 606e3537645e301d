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
  a.layer = join({layer_tensors({"input_layernorm.weight"}),
                  separate_attention(),
                  layer_tensors({"post_attention_layernorm.weight"}),
                  {{.name = "model.layers.{L}.block_sparse_moe.gate.weight",
                    .aliases = {"model.layers.{L}.mlp.gate.weight"}}}});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
