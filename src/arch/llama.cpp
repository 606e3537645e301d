// Llama 1 to 3, TinyLlama, SmolLM2 and others that use its class.
#include "arch/parts.h"

namespace mod::arch {

Architecture llama() {
  Architecture a;
  a.id = "llama";
  a.class_names = {"LlamaForCausalLM", "LLaMaForCausalLM"};
  a.model_types = {"llama"};
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  {layer_tensor("post_attention_layernorm", Role::kMlpNorm)},
                  gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  a.run = RunTraits{};
  return a;
}

}  // namespace mod::arch
