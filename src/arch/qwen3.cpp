// Qwen 3 (dense): a norm on each head's queries and keys.
#include "arch/parts.h"

namespace mod::arch {

Architecture qwen3() {
  Architecture a;
  a.id = "qwen3";
  a.class_names = {"Qwen3ForCausalLM"};
  a.model_types = {"qwen3"};
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  query_key_norms(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm)},
                  gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.query_key_norm = QueryKeyNorm::kEachHead;
  run.window = {.rule = WindowRule::kUpperLayers, .switched = true, .width = 4096};
  a.run = run;
  return a;
}

}  // namespace mod::arch
