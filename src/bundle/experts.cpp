#include "bundle/experts.h"

#include <fmt/format.h>

#include "base/log_problems.h"
#include "bundle/compatibility.h"
#include "mod/error.h"

namespace mod::bundle {

ModelChanges changes_of(const ExpertEntry& entry) {
  return {entry.context.value_or(0), entry.rope};
}

std::vector<ModelSource> find_expert_sources(const MixtureFile& mixture, const Context& context) {
  std::vector<ModelSource> sources;
  for (const ExpertEntry& entry : mixture.experts) {
    sources.push_back(
        find_model_source(resolve_argument(entry.argument), changes_of(entry), {}, context));
  }
  return sources;
}

std::vector<mix::TokenRange> compare_tokenizers(const MixtureFile& mixture,
                                                const std::vector<ModelSource>& sources,
                                                bool ids_only, TextCache& texts, Log& log) {
  std::vector<NamedTokenizer> named;
  std::vector<std::shared_ptr<const text::Tokenizer>> tokenizers;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    const TextParts parts = texts.load(sources[k].text_folder);
    if (!parts.tokenizer && ids_only) {
      log.warn(
          fmt::format("expert {} has no tokenizer, so it is not known whether the experts mean "
                      "the same by a token id",
                      mixture.experts[k].name));
      return {};
    }
    if (!parts.tokenizer) throw *parts.tokenizer_error;
    tokenizers.push_back(parts.tokenizer);
    named.push_back({mixture.experts[k].name, parts.tokenizer.get(), sources[k].vocabulary_rows()});
  }
  Problems notes;
  std::vector<mix::TokenRange> masked;
  for (const IdRange& range : check_tokenizers(named, notes)) {
    masked.push_back({range.first, range.last});
  }
  log_problems(notes, log);
  return masked;
}

}  // namespace mod::bundle
