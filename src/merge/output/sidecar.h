// The files beside the weights: config.json as planned, the donor's tokenizer and generation files,
// the recipe, and a model card.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/output_folder.h"
#include "merge/plan.h"

namespace mod::merge {

/// Names of files that are copied from the donor where it has them.
std::vector<std::string_view> copied_files(bool with_tokenizer);

/// README.md: front matter (base_model, library_name, tags), method, models, the recipe.
std::string model_card(const Plan& plan);

/// Stages config.json, the copied files, mergekit_config.yml and (with `card`) README.md.
/// Throws Error(kIo) if a copy fails.
void stage_side_files(const Plan& plan, checkpoint::OutputFolder& folder, bool with_tokenizer,
                      bool card);

}  // namespace mod::merge
