// Tensor shapes and configs of real models, for checkpoints with random weights.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/model_folder.h"

namespace mod::merge {

/// A model of the Qwen2 architecture: the fields of its config.json that set shapes.
struct ModelShape {
  std::string_view name;  // "qwen2.5-0.5b"
  std::int64_t hidden, layers, heads, kv_heads, ffn, vocabulary;
  bool tied;  // no lm_head of its own
  std::int64_t max_positions;
  double rope_theta = 1e6;
};

/// The models that can be imitated.
std::span<const ModelShape> model_shapes();
/// Throws Error(kInvalidInput) that names the nearest known model.
const ModelShape& find_model_shape(std::string_view name);

/// What random values a tensor gets.
enum class TensorRole { kMatrix, kNorm, kEmbedding };

struct ShapedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  TensorRole role;
};

/// Every tensor in the order in which transformers saves them.
std::vector<ShapedTensor> model_tensors(const ModelShape& shape);

/// Ids that the configs name.
struct SpecialIds {
  std::int64_t end_of_text, end_of_turn;
};

checkpoint::Json model_config(const ModelShape& shape, const SpecialIds& ids);
checkpoint::Json generation_config(const SpecialIds& ids);

}  // namespace mod::merge
