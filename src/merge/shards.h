// Which tensor goes to which file, and where in it: names, headers, offsets and the index, as
// Hugging Face writes them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/output_folder.h"
#include "mod/dtype.h"

namespace mod::merge {

struct ShardEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
};

struct ShardPlace {
  int shard = 0;
  std::uint64_t offset = 0;  // absolute in the shard's file
};

struct ShardSet {
  std::vector<checkpoint::ShardLayout> layouts;
  std::vector<ShardPlace> places;  // by entry
  std::string index_name;          // empty for a single file
  std::string index_json;
};

/// Entries fill shards in the given order; one is closed when it holds something and the next
/// tensor would take its data beyond `limit` bytes (0 = no limit). No entries give one empty file.
ShardSet assign_shards(std::span<const ShardEntry> entries, std::uint64_t limit);

}  // namespace mod::merge
