// config.json of the output: the donor's file with only the values changed that the merge changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arch/architecture.h"
#include "checkpoint/model_folder.h"
#include "mod/dtype.h"

namespace mod::merge {

/// Whose layer stands at one place of the output.
struct LayerOrigin {
  const checkpoint::Json* config = nullptr;  // of the first source of the slice
  std::int64_t layers = 0;                   // of that model
  std::int64_t layer = 0;                    // in that model
};

struct ConfigChanges {
  std::optional<DType> dtype;              // of the weights as written
  std::optional<std::int64_t> vocabulary;  // rows of the written embedding, if they changed
  std::vector<LayerOrigin> origins;  // one an output layer; empty = layers are as in the donor
};

/// Key order and unknown keys are kept. Values with one entry a layer are cut from the sources'
/// configs; the names of those that cannot be are added to `broken` with the reason.
checkpoint::Json edit_config(const checkpoint::Json& donor, const arch::Architecture& architecture,
                             std::int64_t donor_layers, const ConfigChanges& changes,
                             std::vector<std::pair<std::string, std::string>>& broken);

}  // namespace mod::merge
