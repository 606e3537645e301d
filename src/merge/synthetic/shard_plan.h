// Where each tensor of a checkpoint to be made will lie: shards filled in the order of the tensors,
// named and indexed as Hugging Face does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/output_folder.h"
#include "merge/synthetic/model_shapes.h"

namespace mod::merge {

struct PlacedTensor {
  ShapedTensor tensor;
  std::uint64_t elements = 0;
  int shard = 0;
  std::uint64_t offset = 0;  // absolute in the shard's file, in bytes
};

struct ShardPlan {
  std::vector<PlacedTensor> tensors;
  std::vector<checkpoint::ShardLayout> shards;
  std::string index_name, index_json;  // empty for a single file
  std::uint64_t bytes = 0;             // of all shards
};

/// All tensors as BF16, at most `shard_bytes` of data in a shard (0 = one file) unless one tensor
/// is larger.
ShardPlan plan_shards(std::vector<ShapedTensor> tensors, std::uint64_t shard_bytes);

}  // namespace mod::merge
