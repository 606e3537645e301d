// The experts of a mixture before they are loaded: shared by opening and planning.
#pragma once

#include <vector>

#include "bundle/mixture_file.h"
#include "bundle/model_source.h"
#include "bundle/text_parts.h"
#include "mix/mixture.h"

namespace mod::bundle {

ModelChanges changes_of(const ExpertEntry& entry);

/// One for each expert. Throws as find_model_source.
std::vector<ModelSource> find_expert_sources(const MixtureFile& mixture, const Context& context);

/// Ids that not all tokenizers define. Throws Error(kInvalidInput) where one means different things
/// to two of them, or where a tokenizer is missing, unless `ids_only`.
std::vector<mix::TokenRange> compare_tokenizers(const MixtureFile& mixture,
                                                const std::vector<ModelSource>& sources,
                                                bool ids_only, TextCache& texts, Log& log);

}  // namespace mod::bundle
