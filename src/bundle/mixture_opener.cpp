// Opens the experts of a mixture: everything that headers, tokenizers and templates can tell is
// checked before the first weight is read.
#include <set>

#include "base/log_problems.h"
#include "bundle/bundle.h"
#include "bundle/experts.h"
#include "merge/recipe.h"

namespace mod::bundle {
namespace {

ExpertView view_of(const ExpertEntry& entry, const Bundle& model) {
  ExpertView view{model.chat_template, entry.system, entry.prefix.value_or("")};
  if (!entry.chat_template) return view;
  using text::ChatTemplate;
  view.chat_template = std::make_shared<const ChatTemplate>(ChatTemplate::from_source(
      entry.template_text, entry.place.text() + ".chat_template",
      model.chat_template ? model.chat_template->special_tokens() : ChatTemplate::Json::object()));
  return view;
}

/// Rule, gate and mode; the experts follow.
mix::Mixture make_mixture(const MixtureFile& file) {
  mix::Mixture out;
  out.rule = file.rule;
  out.rule_parameters = file.rule_parameters;
  out.gate = file.gate;
  out.gate_parameters = file.gate_parameters;
  out.weights = file.weights();
  if (!file.rule->roles.empty()) out.roles = file.rule_order();
  out.mode = file.mode;
  return out;
}

void take_ends(const std::vector<std::int32_t>& more, std::vector<std::int32_t>& ends) {
  std::set<std::int32_t> all(ends.begin(), ends.end());
  all.insert(more.begin(), more.end());
  ends.assign(all.begin(), all.end());
}

}  // namespace

MixtureOptions mixture_options(const std::vector<std::string>& set) {
  MixtureOptions options;
  for (const std::string& text : set) options.set.push_back(merge::parse_override(text));
  return options;
}

MixtureFile load_mixture(const std::filesystem::path& file, const MixtureOptions& options,
                         Log& log) {
  Problems problems;
  MixtureFile mixture = read_mixture(file, options, problems);
  log_problems(problems, log);
  problems.throw_if_errors();
  return mixture;
}

Bundle Opener::open_mixture(const MixtureFile& file) {
  std::vector<ModelSource> sources = find_expert_sources(file, context_);
  mix::Mixture mixture = make_mixture(file);
  mixture.masked = compare_tokenizers(file, sources, !options_.text, texts_, *context_.log);
  std::vector<Bundle> models;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    const ExpertEntry& entry = file.experts[k];
    const ModelChanges changes = changes_of(entry);
    // An expert with the weights and settings of an earlier one is that model.
    std::size_t same = 0;
    while (same < k && (file.experts[same].argument != entry.argument ||
                        changes_of(file.experts[same]) != changes)) {
      ++same;
    }
    models.push_back(same < k ? models[same] : open_model(std::move(sources[k]), changes));
    mixture.experts.push_back(
        {entry.name, models[k].mixture.experts.front().model, entry.temperature});
  }
  mix::check_mixture(mixture);
  Bundle bundle = models.front();
  bundle.argument = file.name;
  bundle.kind = Kind::kMixture;
  bundle.mixture = std::move(mixture);
  for (std::size_t k = 0; k < models.size(); ++k) {
    bundle.views.push_back(view_of(file.experts[k], models[k]));
    take_ends(models[k].generation.end_tokens, bundle.generation.end_tokens);
  }
  bundle.chat_template = bundle.views.front().chat_template;
  return bundle;
}

}  // namespace mod::bundle
