#include "bundle/text_parts.h"

#include "bundle/recipe_plan.h"

namespace mod::bundle {

TextParts load_text_parts(const std::filesystem::path& folder) {
  TextParts parts;
  try {
    parts.tokenizer = std::make_shared<const text::Tokenizer>(text::Tokenizer::load(folder));
  } catch (const Error& error) {
    parts.tokenizer_error = Error(error.code(), std::string(error.what()) +
                                                    "; without a tokenizer only token ids can be "
                                                    "used (--ids)");
  }
  try {
    parts.chat_template =
        std::make_shared<const text::ChatTemplate>(text::ChatTemplate::load(folder));
  } catch (const Error& error) {
    parts.chat_template_error = error;
  }
  return parts;
}

TextParts no_text_parts(const std::string& argument) {
  TextParts parts;
  parts.tokenizer_error = parts.chat_template_error =
      Error(ErrorCode::kInvalidInput,
            argument + ": opened for token ids only (--ids), so there is no text");
  return parts;
}

std::filesystem::path text_folder(const ModelArgument& argument, const Context& context) {
  if (argument.kind == Kind::kFolder) return argument.folder();
  const merge::Plan plan = plan_recipe(argument, {}, context);
  return plan.models[static_cast<std::size_t>(plan.donor)].folder.path;
}

}  // namespace mod::bundle
