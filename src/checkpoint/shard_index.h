// The index of a sharded checkpoint: which file holds which tensor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mod::checkpoint {

inline constexpr std::uint64_t kMaxIndexBytes = 100'000'000;

struct ShardIndex {
  std::vector<std::string> files;                        // sorted, each once
  std::vector<std::pair<std::string, std::size_t>> map;  // tensor name -> index into `files`
};

/// Parses model.safetensors.index.json or pytorch_model.bin.index.json. File names that would leave
/// the folder, duplicate keys and a missing weight_map are refused: Error(kCorruptFile).
ShardIndex parse_shard_index(std::string_view text, const std::string& where);

}  // namespace mod::checkpoint
