// Qwen 3 (dense): a norm on each head's queries and keys.
#include "arch/parts.h"

namespace mod::arch {

Architecture qwen3() {
  Architecture a;
  a.id = "qwen3";
  a.class_names = {"Qwen3ForCausalLM"};
  a.model_types = {"qwen3"};
  a.before = {token_embedding()};
  a.layer = join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
                  layer_tensors({"self_attn.q_norm.weight", "self_attn.k_norm.weight"}),
                  layer_tensors({"post_attention_layernorm.weight"}), gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
