// Phi-3 and Phi-3.5 mini, Phi-4: queries, keys and values in one tensor, gate and up in another.
#include "arch/parts.h"

namespace mod::arch {

Architecture phi3() {
  Architecture a;
  a.id = "phi3";
  a.class_names = {"Phi3ForCausalLM"};
  a.model_types = {"phi3"};
  a.before = {token_embedding()};
  a.layer = layer_tensors({"input_layernorm.weight", "self_attn.qkv_proj.weight",
                           "self_attn.o_proj.weight", "post_attention_layernorm.weight",
                           "mlp.gate_up_proj.weight", "mlp.down_proj.weight"});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
