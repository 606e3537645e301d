// What a mixture will cost, known before any weight is loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle/mixture_file.h"
#include "cpu/context.h"

namespace mod::bundle {

struct ExpertPlan {
  std::string name, model;        // as written
  std::string architecture;       // "qwen2"
  bool is_recipe = false;         // merged in memory
  std::uint64_t bytes = 0;        // of weights
  std::uint64_t shared = 0;       // of these, held by an expert before it as well
  std::uint64_t cache_bytes = 0;  // keys and values of one token, in fp32
  std::size_t context = 0;        // most tokens of a text
};

struct MixturePlan {
  std::vector<ExpertPlan> experts;
  std::size_t masked = 0;  // ids that are never sampled: padding, and what not all tokenizers have
  std::size_t vocabulary = 0;  // of the widest expert

  std::uint64_t bytes() const;     // as if nothing were shared
  std::uint64_t distinct() const;  // what is held
};

/// Checks all that opening would check before loading: models, configs, tokenizers. Tensors are
/// taken for equal where type, shape and samples of their contents are: opening compares all of
/// them. Merged tensors are known only once they are merged, and count as not shared. Throws as
/// Opener::open_mixture.
MixturePlan plan_mixture(const MixtureFile& file, const Context& context);

}  // namespace mod::bundle
