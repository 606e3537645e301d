// Granite 3: Llama's tensors with scalar multipliers in the config.
#include "arch/parts.h"

namespace mod::arch {

Architecture granite() {
  Architecture a;
  a.id = "granite";
  a.class_names = {"GraniteForCausalLM"};
  a.model_types = {"granite"};
  a.before = {token_embedding()};
  a.layer = join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
                  layer_tensors({"post_attention_layernorm.weight"}), gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
