// Qwen 1.5, 2 and 2.5: Llama with biases on queries, keys and values.
#include "arch/parts.h"

namespace mod::arch {

Architecture qwen2() {
  Architecture a;
  a.id = "qwen2";
  a.class_names = {"Qwen2ForCausalLM"};
  a.model_types = {"qwen2"};
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm)},
                  gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.window = {.rule = WindowRule::kUpperLayers, .switched = true, .width = 4096};
  a.run = run;
  return a;
}

}  // namespace mod::arch
