// One model that is about to be opened: what its headers say, before any weight is read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bundle/generation_settings.h"
#include "bundle/model_argument.h"
#include "checkpoint/model_folder.h"
#include "cpu/context.h"
#include "merge/plan.h"
#include "nn/model.h"
#include "weights/tensor_store.h"

namespace mod::bundle {

/// What an expert changes in its model.
struct ModelChanges {
  std::size_t context = 0;                                         // most tokens; 0: the model's
  nlohmann::ordered_json rope = nlohmann::ordered_json::object();  // over config.json's members

  friend bool operator==(const ModelChanges&, const ModelChanges&) = default;
};

struct ModelSource {
  ModelArgument argument;
  std::optional<checkpoint::ModelFolder> folder;  // of Kind::kFolder
  std::optional<merge::Plan> plan;                // of Kind::kRecipe
  nlohmann::ordered_json config;                  // with the changes
  std::string config_file;                        // for messages
  std::filesystem::path text_folder;              // where tokenizer and template lie
  GenerationSettings generation;

  /// Rows of the vocabulary as config.json says; 0 where it does not.
  std::size_t vocabulary_rows() const;
};

/// `set`: KEY=VALUE, an error for a folder. Problems that are no errors are logged. Throws as
/// checkpoint::open_model and merge::load_plan. Not for mixtures.
ModelSource find_model_source(const ModelArgument& argument, const ModelChanges& changes,
                              const std::vector<std::string>& set, const Context& context);

/// Maps or merges it. Throws as nn::Model::open and nn::Model::load.
std::shared_ptr<const nn::Model> load_model(ModelSource&& source, weights::TensorStore& store,
                                            const nn::ModelOptions& options,
                                            const Context& context);

}  // namespace mod::bundle
