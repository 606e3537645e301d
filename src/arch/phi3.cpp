// Phi-3 and Phi-3.5 mini, Phi-4: queries, keys and values in one tensor, gate and up in another.
#include "arch/parts.h"

namespace mod::arch {

Architecture phi3() {
  Architecture a;
  a.id = "phi3";
  a.class_names = {"Phi3ForCausalLM"};
  a.model_types = {"phi3"};
  a.before = {token_embedding()};
  a.layer = {layer_tensor("input_layernorm", Role::kAttentionNorm),
             layer_tensor("self_attn.qkv_proj", Role::kQueryKeyValue),
             layer_tensor("self_attn.o_proj", Role::kOutput),
             layer_tensor("post_attention_layernorm", Role::kMlpNorm),
             layer_tensor("mlp.gate_up_proj", Role::kGateUp),
             layer_tensor("mlp.down_proj", Role::kDown)};
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.window = {.rule = WindowRule::kEveryLayer};
  a.run = run;
  return a;
}

}  // namespace mod::arch
