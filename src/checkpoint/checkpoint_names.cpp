#include <algorithm>
#include <array>

#include "checkpoint/output_folder.h"
#include "checkpoint/weight_files.h"

namespace mod::checkpoint {
namespace {

constexpr std::array<std::string_view, 28> kNames = {
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    "vocab.json",
    "vocab.txt",
    "chat_template.jinja",
    "chat_template.json",
    "preprocessor_config.json",
    "processor_config.json",
    "image_processor_config.json",
    "video_preprocessor_config.json",
    "feature_extractor_config.json",
    "tekken.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "README.md",
    "mergekit_config.yml",
    "mod_report.json",
    "mod_recipe.yml",
};

}  // namespace

bool is_checkpoint_file(std::string_view name) {
  return name.ends_with(io::kTempSuffix) ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         shard_number(name, "model", ".safetensors").has_value() ||
         shard_number(name, "pytorch_model", ".bin").has_value();
}

}  // namespace mod::checkpoint
