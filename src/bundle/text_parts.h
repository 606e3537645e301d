// Tokenizer and chat template of a model.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bundle/model_argument.h"
#include "cpu/context.h"
#include "mod/error.h"
#include "text/template/chat_template.h"
#include "text/tokenizer.h"

namespace mod::bundle {

struct TextParts {
  std::shared_ptr<const text::Tokenizer> tokenizer;
  std::shared_ptr<const text::ChatTemplate> chat_template;
  std::optional<Error> tokenizer_error, chat_template_error;  // why it is null
};

/// Throws nothing but std::bad_alloc and the like.
TextParts load_text_parts(const std::filesystem::path& folder);

/// Folders with the same tokenizer files share one tokenizer and one template: a large tokenizer
/// takes a tenth of a second and 100 MB. Thread-safe.
class TextCache {
 public:
  TextParts load(const std::filesystem::path& folder);

 private:
  std::mutex mutex_;
  std::map<std::string, TextParts> by_contents_;
};

/// Both null, because they were not asked for.
TextParts no_text_parts(const std::string& argument);

/// Where the tokenizer and template of a MODEL lie: its folder, or where its merge would copy them
/// from (then the recipe is planned, and problems are logged), or those of a mixture's first
/// expert. For commands that need nothing else.
std::filesystem::path text_folder(const ModelArgument& argument, const Context& context);

}  // namespace mod::bundle
