// Mistral 7B and Nemo.
#include "arch/parts.h"

namespace mod::arch {

Architecture mistral() {
  Architecture a;
  a.id = "mistral";
  a.class_names = {"MistralForCausalLM"};
  a.model_types = {"mistral"};
  a.before = {token_embedding()};
  a.layer = join({layer_tensors({"input_layernorm.weight"}), separate_attention(),
                  layer_tensors({"post_attention_layernorm.weight"}), gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
