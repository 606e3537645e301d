// Granite 3: Llama's tensors with scalar multipliers in the config.
#include "arch/parts.h"

namespace mod::arch {

Architecture granite() {
  Architecture a;
  a.id = "granite";
  a.class_names = {"GraniteForCausalLM"};
  a.model_types = {"granite"};
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm)},
                  gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.attention_scale_key = "attention_multiplier";
  run.embedding_scale_key = "embedding_multiplier";
  run.residual_scale_key = "residual_multiplier";
  run.logit_divisor_key = "logits_scaling";
  a.run = run;
  return a;
}

}  // namespace mod::arch
