// Merging from a program: what `mod merge` does, as one call. Link mod::mod.
//
//   mod::MergeOptions options;
//   options.threads = 4;
//   const mod::MergeResult result = mod::merge_recipe("recipe.yml", "merged", options);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mod {

struct MergeOptions {
  std::uint64_t memory = 512ull << 20;        // bytes, beyond the program itself
  std::uint64_t shard_bytes = 5'000'000'000;  // largest shard; 0 = one file
  int threads = 0;                            // 0 = the cores this process may use
  bool overwrite = false;                     // replace a checkpoint in the output folder
  bool resume = false;                        // keep finished shards of an interrupted run
  bool strict = false;                        // warnings are errors
  std::optional<std::uint64_t> seed;          // of the random methods; else the recipe's
  std::vector<std::pair<std::string, std::string>> set;  // key path = YAML value, over the recipe
  std::function<void(const std::string&)> warn;          // called for each warning; may be empty
};

struct MergeResult {
  struct Model {
    std::string name;         // as the recipe writes it
    std::uint64_t taken = 0;  // merged elements to which it contributed
    double share = 0;         // taken / merged_elements
    double distance = 0;      // |output - model|, L2
  };
  std::vector<Model> models;
  std::uint64_t elements = 0, merged_elements = 0, nonfinite = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  double seconds = 0;
};

/// Merges `recipe` (mergekit's YAML or the MoD repository's form) into the folder `out`.
/// Throws mod::Error; with exit_code() 2 nothing was touched.
MergeResult merge_recipe(const std::filesystem::path& recipe, const std::filesystem::path& out,
                         const MergeOptions& options = {});

}  // namespace mod
