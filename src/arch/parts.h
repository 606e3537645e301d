// Tensor templates that several architectures share.
#pragma once

#include <string>
#include <vector>

#include "arch/architecture.h"

namespace mod::arch {

/// "model.layers.{L}." + name + ".weight".
TensorTemplate layer_tensor(const std::string& name, Role role, LayerKind when = LayerKind::kAny);

/// Weights (and optional biases) of separate query, key, value and output projections.
std::vector<TensorTemplate> separate_attention();
/// Norms on queries and keys.
std::vector<TensorTemplate> query_key_norms();
/// Gate, up and down projections of a gated feed-forward block at "model.layers.{L}.`prefix`", with
/// optional biases.
std::vector<TensorTemplate> gated_mlp(const std::string& prefix = "mlp.",
                                      LayerKind when = LayerKind::kAny);
/// The same of an expert that sees every token.
std::vector<TensorTemplate> shared_expert(const std::string& prefix);
/// The same for the experts of a sparse layer, with the fused names of transformers 5.
std::vector<ExpertTemplate> gated_experts(const std::string& prefix, const char* gate,
                                          const char* up, const char* down);

TensorTemplate token_embedding();
/// Final norm and output head (which the token embedding may stand in for).
std::vector<TensorTemplate> norm_and_head();

std::vector<TensorTemplate> join(std::initializer_list<std::vector<TensorTemplate>> parts);

// One function a file, listed in registry.cpp.
Architecture llama();
Architecture mistral();
Architecture qwen2();
Architecture qwen3();
Architecture mixtral();
Architecture qwen2_moe();
Architecture qwen3_moe();
Architecture phi3();
Architecture gemma2();
Architecture gemma3();
Architecture olmo2();
Architecture granite();

}  // namespace mod::arch
