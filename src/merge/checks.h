// Checks of the files beside the weights, before a merge.
#pragma once

#include <filesystem>
#include <string>

#include "base/problems.h"
#include "merge/plan.h"

namespace mod::merge {

/// Warns where the tokenizers, special token numbers or chat templates of two models differ, and
/// says which is written. Broken files are warned about; they do not stop a merge.
void compare_tokenizers(const Plan& plan, int donor, int other, Problems& problems);

/// SHA-256 of what a tokenizer.json means for token numbers: vocabulary, merges and added tokens,
/// whatever their order and spelling. Throws Error(kCorruptFile) for broken JSON.
std::string tokenizer_hash(std::string_view json, const std::string& file);

/// The default chat template of a model folder, trimmed; empty if it has none.
std::string chat_template(const std::filesystem::path& folder);

}  // namespace mod::merge
