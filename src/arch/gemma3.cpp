// Gemma 3 (text): Gemma 2 with norms on queries and keys.
#include "arch/parts.h"

namespace mod::arch {

Architecture gemma3() {
  Architecture a;
  a.id = "gemma3";
  a.class_names = {"Gemma3ForCausalLM"};
  a.model_types = {"gemma3_text"};
  a.before = {token_embedding()};
  a.layer = join({{layer_tensor("input_layernorm", Role::kAttentionNorm)},
                  separate_attention(),
                  query_key_norms(),
                  {layer_tensor("post_attention_layernorm", Role::kAttentionPostNorm),
                   layer_tensor("pre_feedforward_layernorm", Role::kMlpNorm),
                   layer_tensor("post_feedforward_layernorm", Role::kMlpPostNorm)},
                  gated_mlp()});
  a.after = norm_and_head();
  a.recomputed = {"model.layers.{L}.self_attn.rotary_emb.inv_freq"};
  RunTraits run;
  run.norm_offset = 1;
  run.query_scalar_key = "query_pre_attn_scalar";
  run.activation_key = "hidden_activation";
  run.activation = "gelu_pytorch_tanh";
  run.embedding_times_root = true;
  run.tied_embeddings = true;
  run.query_key_norm = QueryKeyNorm::kEachHead;
  run.rope_theta = 1000000;
  run.local_rope_theta = 10000;
  run.window = {.rule = WindowRule::kPattern, .width = 4096, .pattern = 6};
  run.attention_cap = {"attn_logit_softcapping", 0};
  run.logit_cap = {"final_logit_softcapping", 0};
  a.run = run;
  return a;
}

}  // namespace mod::arch
