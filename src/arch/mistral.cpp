// Mistral 7B and Nemo.
#include "arch/parts.h"

namespace mod::arch {

Architecture mistral() {
  Architecture a;
  a.id = "mistral";
  a.class_names = {"MistralForCausalLM"};
  a.model_types = {"mistral"};
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm)},
                  gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.window = {.rule = WindowRule::kEveryLayer, .width = 4096};
  a.run = run;
  return a;
}

}  // namespace mod::arch
