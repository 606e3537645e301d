// OLMo 2: norms after the blocks, and on all queries and keys together.
#include "arch/parts.h"

namespace mod::arch {

Architecture olmo2() {
  Architecture a;
  a.id = "olmo2";
  a.class_names = {"Olmo2ForCausalLM"};
  a.model_types = {"olmo2"};
  a.before = {token_embedding()};
  a.layer = join({separate_attention(),
                  layer_tensors({"self_attn.q_norm.weight", "self_attn.k_norm.weight"}),
                  layer_tensors({"post_attention_layernorm.weight"}), gated_mlp(),
                  layer_tensors({"post_feedforward_layernorm.weight"})});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  return a;
}

}  // namespace mod::arch
