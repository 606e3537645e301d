// How a model's makers want it to be sampled, and the tokens that end its texts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace mod::bundle {

/// Sampling values and end tokens of generation_config.json; where it says nothing: end tokens of
/// config.json, then the tokenizer's.
struct GenerationSettings {
  bool do_sample = false;
  std::optional<double> temperature, top_p, min_p, repetition_penalty;
  std::optional<std::int64_t> top_k;
  /// What an empty prompt stands for: bos_token_id of the same files.
  std::optional<std::int32_t> begin_token;
  std::vector<std::int32_t> end_tokens;  // sorted, each once; eos_token_id is one id or a list

  bool operator==(const GenerationSettings&) const = default;
};

/// Of `folder`/generation_config.json, if there is one, and the model's config (which lies in
/// `config_file`, for messages). Negative ids stand for no token. Throws Error(kCorruptFile) with
/// file and key where a value has the wrong type, kIo.
GenerationSettings read_generation_settings(const std::filesystem::path& folder,
                                            const nlohmann::ordered_json& config,
                                            const std::string& config_file);

/// The same from the contents of generation_config.json (null: there is none); `name` stands for
/// that file in messages.
GenerationSettings parse_generation_settings(const nlohmann::ordered_json* generation,
                                             const std::string& name,
                                             const nlohmann::ordered_json& config,
                                             const std::string& config_file);

}  // namespace mod::bundle
