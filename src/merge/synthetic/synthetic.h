// Checkpoints with random weights in the shapes of real models, to test and measure with. The bytes
// depend on the model, the seed and the options only, never on threads or the instruction set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cpu/context.h"

namespace mod::merge {

struct SyntheticOptions {
  std::string like;               // "qwen2.5-0.5b"
  int variants = 0;               // > 0: OUT/base and OUT/ft1 ... instead of OUT
  bool share_embeddings = false;  // variants keep the base's embed_tokens and lm_head
  std::int64_t layers = 0;        // 0 = as the model
  std::int64_t hidden = 0;        // hidden size, the MLP in proportion; 0 = as the model
  std::int64_t vocabulary = 0;    // rows of the embeddings; 0 = as the model
  std::uint64_t seed = 0;
  std::filesystem::path tokenizer;  // copy its tokenizer files; empty = the small byte-level one
  std::uint64_t shard_bytes = 5'000'000'000;
  bool overwrite = false;
};

struct SyntheticResult {
  std::vector<std::filesystem::path> folders;
  std::uint64_t parameters = 0;  // of one model
  std::uint64_t bytes = 0;       // of all models
  double seconds = 0;
};

/// Throws Error: kInvalidInput before anything is touched (unknown model, folder in the way, disk
/// too small), kIo, kCancelled. After a failure no folder looks finished.
SyntheticResult make_synthetic(const std::filesystem::path& out, const SyntheticOptions& options,
                               const Context& context);

}  // namespace mod::merge
