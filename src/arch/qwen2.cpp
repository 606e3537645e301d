// Qwen 1.5, 2 and 2.5: Llama with biases on queries, keys and values.
#include "arch/parts.h"

namespace mod::arch {

Architecture qwen2() {
  Architecture a;
  a.id = "qwen2";
  a.class_names = {"Qwen2ForCausalLM"};
  a.model_types = {"qwen2"};
  a.before = {token_embedding()};
  a.layer = join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
                  layer_tensors({"post_attention_layernorm.weight"}), gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
