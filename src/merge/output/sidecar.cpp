#include "merge/output/sidecar.h"

#include <fmt/format.h>

#include "mod/version.h"

namespace mod::merge {
namespace {

constexpr std::string_view kTokenizerFiles[] = {"tokenizer.json",      "tokenizer_config.json",
                                                "tokenizer.model",     "special_tokens_map.json",
                                                "added_tokens.json",   "merges.txt",
                                                "vocab.json",          "vocab.txt",
                                                "chat_template.jinja", "chat_template.json",
                                                "spiece.model",        "normalizer.json"};
constexpr std::string_view kOtherFiles[] = {"generation_config.json", "preprocessor_config.json",
                                            "processor_config.json",
                                            "video_preprocessor_config.json"};

std::string method_line(const Plan& plan) {
  const MethodInfo& method = *plan.method;
  constexpr std::string_view prefix = "arXiv ";
  if (!method.paper.starts_with(prefix)) return fmt::format("`{}`: {}", method.name, method.title);
  return fmt::format("`{}`: {} ([{}](https://arxiv.org/abs/{}))", method.name, method.title,
                     method.paper, method.paper.substr(prefix.size()));
}

}  // namespace

std::vector<std::string_view> copied_files(bool with_tokenizer) {
  std::vector<std::string_view> names(std::begin(kOtherFiles), std::end(kOtherFiles));
  if (with_tokenizer) {
    names.insert(names.end(), std::begin(kTokenizerFiles), std::end(kTokenizerFiles));
  }
  return names;
}

std::string model_card(const Plan& plan) {
  std::string card = "---\nbase_model:\n";
  for (const PlanModel& model : plan.models) {
    card += fmt::format("- {}\n",
                        checkpoint::Json(model.label).dump());  // a JSON string is a YAML string
  }
  card += "library_name: transformers\ntags:\n- mergekit\n- merge\n- mod.cpp\n---\n";
  card += "# Merged model\n\n";
  card += fmt::format("Merged with mod.cpp {} from {} models.\n\n", kVersion, plan.models.size());
  card += fmt::format("## Method\n\n{}\n\n", method_line(plan));
  if (plan.recipe.base_model) {
    card += fmt::format("Base model: `{}`\n\n", plan.recipe.base_model->text());
  }
  card += "## Models\n\n";
  for (const PlanModel& model : plan.models) card += fmt::format("- `{}`\n", model.label);
  card += "\n## Recipe\n\n```yaml\n" + plan.recipe.effective_text;
  if (!card.ends_with('\n')) card += '\n';
  card += "```\n\n`mod_report.json` says for every tensor what was taken from which model.\n";
  return card;
}

void stage_side_files(const Plan& plan, checkpoint::OutputFolder& folder, bool with_tokenizer,
                      bool card) {
  const PlanModel& donor = plan.models[plan.donor];
  for (std::string_view name : copied_files(with_tokenizer)) {
    const auto from = donor.folder.path / name;
    if (std::filesystem::is_regular_file(from)) folder.copy_file(from, std::string(name));
  }
  if (!plan.config.empty()) folder.add_file("config.json", plan.config.dump(2) + "\n");
  folder.add_file("mergekit_config.yml", plan.recipe.effective_text);
  if (card) folder.add_file("README.md", model_card(plan));
}

}  // namespace mod::merge
