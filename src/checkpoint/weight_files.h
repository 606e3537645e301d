// Which files of a folder hold the weights, found by their names alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problems.h"

namespace mod::checkpoint {

struct WeightFiles {
  std::vector<std::filesystem::path> files;  // by name; empty if `index` names them
  std::filesystem::path index;               // empty where there is none
  bool pickled = false;                      // PyTorch .bin
};

/// Order of preference, as mergekit's: safetensors before .bin, an index before a single file; then
/// complete shards without an index (noted). `path` may also be one file. Throws
/// Error(kInvalidInput) if there are none (naming what was found instead), kUnsupported for GGUF.
WeightFiles find_weight_files(const std::filesystem::path& path, Problems& notes);

/// "model-00002-of-00004.safetensors" -> {2, 4}, for a given "model" and ".safetensors".
struct ShardNumber {
  std::uint64_t number = 0, total = 0;
};
std::optional<ShardNumber> shard_number(std::string_view name, std::string_view stem,
                                        std::string_view extension);

}  // namespace mod::checkpoint
