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
                  query_key_norms(),
                  {layer_tensor("post_attention_layernorm", Role::kAttentionPostNorm)},
                  gated_mlp(),
                  {layer_tensor("post_feedforward_layernorm", Role::kMlpPostNorm)}});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.query_key_norm = QueryKeyNorm::kWhole;
  a.run = run;
  return a;
}

}  // namespace mod::arch
