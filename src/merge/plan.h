// A plan: every output tensor with its inputs, parameters, shard and offset, decided from headers
// and configs alone. Everything that they can reveal as wrong is found here, all at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/problems.h"
#include "checkpoint/model_folder.h"
#include "checkpoint/output_folder.h"
#include "merge/method.h"
#include "merge/recipe.h"

namespace mod::merge {

struct PlanModel {
  ModelRef ref;
  std::string label;  // key in reports: the reference as written
  checkpoint::ModelFolder folder;
};

/// One input of one output tensor: a (possibly cropped) run of rows of a tensor in a file.
struct PlannedInput {
  int model = 0;                  // index into Plan::models
  checkpoint::TensorInfo tensor;  // dtype, shape as stored, file, offset (a view for fused experts)
  // 2-D embeddings may be cropped: the leading rows and columns of the output's shape are used.
};

struct PlannedTensor {
  std::string name;
  DType dtype = DType::BF16;           // as written
  std::uint64_t bytes = 0;             // as written
  TensorSpec spec;                     // shape, elements, params...
  const MethodInfo* method = nullptr;  // null: a copy of inputs[0]
  std::vector<PlannedInput> inputs;    // spec.inputs of them
  int shard = 0;
  std::uint64_t offset = 0;  // absolute in the shard's file
};

struct PlanOptions {
  std::uint64_t shard_bytes = 5'000'000'000;  // 0 = one file
  std::uint64_t memory = 512ull << 20;
  int threads = 1;
  bool allow_crimes = false;  // inputs of different architectures
  bool drop_unknown =
      false;            // drop tensors inside renumbered layers that the architecture does not know
  bool compat = false;  // MoD form: behave as the reference on errors (keep expert 0)
  std::filesystem::path output;  // for the free-space check; may be empty
};

struct Plan {
  Recipe recipe;
  const MethodInfo* method = nullptr;
  std::string architecture;  // "qwen2", "inferred"
  std::vector<PlanModel> models;
  int donor = 0;                       // config, tokenizer and other files come from here
  std::vector<PlannedTensor> tensors;  // in writing order: by shard and offset
  std::vector<checkpoint::ShardLayout> shards;
  std::string index_json;   // model.safetensors.index.json; empty for a single file
  std::string index_name;   // "model.safetensors.index.json" or ""
  checkpoint::Json config;  // config.json to write
  std::uint64_t bytes_read = 0, bytes_written = 0, peak_memory = 0;

  std::string fingerprint() const;  // SHA-256 over recipe and input headers: what --resume compares
};

/// Builds the plan. Problems of all kinds go to `problems`; the plan is usable only without errors.
Plan build_plan(const Recipe& recipe, const PlanOptions& options, Problems& problems);

/// load_recipe, then build_plan; or probe_models, where the recipe is wrong itself.
Plan load_plan(const std::filesystem::path& file, const RecipeOptions& recipe_options,
               const PlanOptions& options, Problems& problems);

/// For a recipe that is wrong itself: opens its models all the same, so that missing folders and
/// broken headers are reported in the same go.
void probe_models(const Recipe& recipe, Problems& problems);

}  // namespace mod::merge
