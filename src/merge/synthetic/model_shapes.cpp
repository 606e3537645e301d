#include "merge/synthetic/model_shapes.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

// The config.json files of Qwen/Qwen2.5-0.5B, -1.5B and -7B, and of the instruct models that the
// recipes in examples/paper name.
constexpr ModelShape kShapes[] = {
    {"qwen2.5-0.5b", 896, 24, 14, 2, 4864, 151936, true, 32768},
    {"qwen2.5-1.5b", 1536, 28, 12, 2, 8960, 151936, true, 131072},
    {"qwen2.5-7b", 3584, 28, 28, 4, 18944, 152064, false, 131072},
    {"qwen2.5-1.5b-instruct", 1536, 28, 12, 2, 8960, 151936, true, 32768},
    {"qwen2.5-7b-instruct", 3584, 28, 28, 4, 18944, 152064, false, 32768},
    {"qwen2.5-math-1.5b-instruct", 1536, 28, 12, 2, 8960, 151936, true, 4096, 1e4},
    {"qwen2.5-math-7b-instruct", 3584, 28, 28, 4, 18944, 152064, false, 4096, 1e4},
};

void add_layer(std::vector<ShapedTensor>& list, const ModelShape& s, std::int64_t layer) {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  const std::int64_t kv = s.hidden / s.heads * s.kv_heads;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, TensorRole role) {
    list.push_back({prefix + name, std::move(shape), role});
  };
  const std::pair<std::string, std::int64_t> projections[] = {
      {"q", s.hidden}, {"k", kv}, {"v", kv}};
  for (const auto& [letter, rows] : projections) {
    const std::string name = "self_attn." + letter + "_proj.";
    add(name + "weight", {rows, s.hidden}, TensorRole::kMatrix);
    add(name + "bias", {rows}, TensorRole::kMatrix);
  }
  add("self_attn.o_proj.weight", {s.hidden, s.hidden}, TensorRole::kMatrix);
  add("mlp.gate_proj.weight", {s.ffn, s.hidden}, TensorRole::kMatrix);
  add("mlp.up_proj.weight", {s.ffn, s.hidden}, TensorRole::kMatrix);
  add("mlp.down_proj.weight", {s.hidden, s.ffn}, TensorRole::kMatrix);
  add("input_layernorm.weight", {s.hidden}, TensorRole::kNorm);
  add("post_attention_layernorm.weight", {s.hidden}, TensorRole::kNorm);
}

}  // namespace

std::span<const ModelShape> model_shapes() { return kShapes; }

const ModelShape& find_model_shape(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const ModelShape& shape : kShapes) {
    // "7b" is short for "qwen2.5-7b".
    if (shape.name == name || shape.name.substr(shape.name.find('-') + 1) == name) return shape;
    names.push_back(shape.name);
    list += (list.empty() ? "" : ", ") + std::string(shape.name);
  }
  throw Error(ErrorCode::kInvalidInput, fmt::format("cannot imitate '{}'{}; known: {}", name,
                                                    did_you_mean(name, names), list));
}

std::vector<ShapedTensor> model_tensors(const ModelShape& shape) {
  std::vector<ShapedTensor> list;
  const std::vector<std::int64_t> embedding = {shape.vocabulary, shape.hidden};
  list.push_back({"model.embed_tokens.weight", embedding, TensorRole::kEmbedding});
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) add_layer(list, shape, layer);
  list.push_back({"model.norm.weight", {shape.hidden}, TensorRole::kNorm});
  if (!shape.tied) list.push_back({"lm_head.weight", embedding, TensorRole::kEmbedding});
  return list;
}

checkpoint::Json model_config(const ModelShape& s, const SpecialIds& ids) {
  checkpoint::Json json;
  json["architectures"] = {"Qwen2ForCausalLM"};
  json["attention_dropout"] = 0.0;
  json["bos_token_id"] = ids.end_of_text;
  json["eos_token_id"] = ids.end_of_turn;
  json["hidden_act"] = "silu";
  json["hidden_size"] = s.hidden;
  json["initializer_range"] = 0.02;
  json["intermediate_size"] = s.ffn;
  json["max_position_embeddings"] = s.max_positions;
  json["max_window_layers"] = s.layers;
  json["model_type"] = "qwen2";
  json["num_attention_heads"] = s.heads;
  json["num_hidden_layers"] = s.layers;
  json["num_key_value_heads"] = s.kv_heads;
  json["rms_norm_eps"] = 1e-6;
  json["rope_theta"] = s.rope_theta;
  json["sliding_window"] = s.max_positions;
  json["tie_word_embeddings"] = s.tied;
  json["torch_dtype"] = "bfloat16";
  json["transformers_version"] = "4.43.1";
  json["use_cache"] = true;
  json["use_sliding_window"] = false;
  json["vocab_size"] = s.vocabulary;
  return json;
}

checkpoint::Json generation_config(const SpecialIds& ids) {
  checkpoint::Json json;
  json["bos_token_id"] = ids.end_of_text;
  json["do_sample"] = false;
  json["eos_token_id"] = {ids.end_of_turn, ids.end_of_text};
  json["pad_token_id"] = ids.end_of_text;
  json["transformers_version"] = "4.43.1";
  return json;
}

}  // namespace mod::merge
