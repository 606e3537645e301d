// Tokenizer and chat template of a model.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "bundle/bundle.h"

namespace mod::bundle {

struct TextParts {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::shared_ptr<const text::ChatTemplate> chat_template;
  std::optional<Error> tokenizer_error, chat_template_error;  // why it is null
};

/// Throws nothing but std::bad_alloc and the like.
TextParts load_text_parts(const std::filesystem::path& folder);

/// Both null, because they were not asked for.
TextParts no_text_parts(const std::string& argument);

/// Where the tokenizer and template of a MODEL lie: its folder, or where its merge would copy them
/// from (then the recipe is planned, and problems are logged). For commands that need nothing else.
std::filesystem::path text_folder(const ModelArgument& argument, const Context& context);

}  // namespace mod::bundle
