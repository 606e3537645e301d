#include "bundle/text_parts.h"

#include "base/hash.h"
#include "base/log_problems.h"
#include "base/text.h"
#include "bundle/mixture_file.h"
#include "bundle/recipe_plan.h"

namespace mod::bundle {
namespace {

constexpr std::uint64_t kMostHashed = 256u << 20;

}  // namespace

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

TextParts TextCache::load(const std::filesystem::path& folder) {
  std::string contents;
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
                           "special_tokens_map.json"}) {
    try {
      contents += sha256_hex(read_text_file((folder / name).string(), kMostHashed));
    } catch (const Error&) {
      contents += "-";  // absent, or something that load_text_parts has to explain
    }
  }
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_contents_.find(contents);
    if (known != by_contents_.end() && known->second.tokenizer) return known->second;
  }
  TextParts parts = load_text_parts(folder);
  const std::lock_guard lock(mutex_);
  return by_contents_.insert_or_assign(contents, std::move(parts)).first->second;
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
  if (argument.kind == Kind::kMixture) {
    const MixtureFile mixture = load_mixture(argument.path, {}, *context.log);
    return text_folder(resolve_argument(mixture.experts.front().argument), context);
  }
  const merge::Plan plan = plan_recipe(argument, {}, context);
  return plan.models[static_cast<std::size_t>(plan.donor)].folder.path;
}

}  // namespace mod::bundle
