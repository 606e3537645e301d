// Gemma 2: norms before and after both blocks.
#include "arch/parts.h"

namespace mod::arch {

Architecture gemma2() {
  Architecture a;
  a.id = "gemma2";
  a.class_names = {"Gemma2ForCausalLM"};
  a.model_types = {"gemma2"};
  a.before = {token_embedding()};
  a.layer =
      join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
            layer_tensors({"post_attention_layernorm.weight", "pre_feedforward_layernorm.weight",
                           "post_feedforward_layernorm.weight"}),
            gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
