// The files beside random weights: configs that fit the tokenizer, and the tokenizer, own or
// copied.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/output_folder.h"
#include "merge/synthetic/model_shapes.h"

namespace mod::merge {

struct SideFiles {
  std::vector<std::pair<std::string, std::string>> written;           // name, content
  std::vector<std::pair<std::filesystem::path, std::string>> copied;  // from, name
};

/// `tokenizer` is the folder whose tokenizer files are copied; empty = the small byte-level
/// tokenizer. Throws Error(kInvalidInput): no tokenizer there, or more tokens than the model has
/// rows.
SideFiles make_side_files(const ModelShape& shape, const std::filesystem::path& tokenizer);

void stage(const SideFiles& files, checkpoint::OutputFolder& folder);

}  // namespace mod::merge
