// A model as people name it: a folder with config.json beside the weights, or a hub name that is
// found in the local Hugging Face cache. Nothing is downloaded.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace mod::checkpoint {

using Json = nlohmann::ordered_json;

struct ModelFolder {
  std::filesystem::path path;
  std::shared_ptr<const Checkpoint> weights;
  Json config = Json::object();  // config.json as written; empty object where there is none
  bool has_config = false;
};

/// Folder of a model named `name` in a file that lies in `from`: looked up from `from`, then from
/// the working directory, then in the Hugging Face cache (HF_HUB_CACHE, HF_HOME,
/// ~/.cache/huggingface) at `revision` (default main). Throws Error(kInvalidInput): not found (says
/// where it looked), or the first two exist and differ.
std::filesystem::path resolve_model(const std::string& name, const std::string& revision,
                                    const std::filesystem::path& from);

/// "org/name" of a snapshot's folder in a Hugging Face cache; empty for other folders. Looks at the
/// path only.
std::string hub_name(const std::filesystem::path& folder);

/// Opens weights and config.json (bounded size). Throws as Checkpoint::open, kCorruptFile for
/// broken JSON.
ModelFolder open_model(const std::filesystem::path& path, Problems& notes);

/// Parses JSON; Error(kCorruptFile) with file, line and column.
Json parse_json(std::string_view text, const std::string& file);

}  // namespace mod::checkpoint
