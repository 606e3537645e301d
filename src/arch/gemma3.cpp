// Gemma 3 (text): Gemma 2 with norms on queries and keys.
#include "arch/parts.h"

namespace mod::arch {

Architecture gemma3() {
  Architecture a;
  a.id = "gemma3";
  a.class_names = {"Gemma3ForCausalLM"};
  a.model_types = {"gemma3_text"};
  a.before = {token_embedding()};
  a.layer =
      join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
            layer_tensors({"self_attn.q_norm.weight", "self_attn.k_norm.weight"}),
            layer_tensors({"post_attention_layernorm.weight", "pre_feedforward_layernorm.weight",
                           "post_feedforward_layernorm.weight"}),
            gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
