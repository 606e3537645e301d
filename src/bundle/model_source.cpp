#include "bundle/model_source.h"

#include <fmt/format.h>

#include "base/log_problems.h"
#include "bundle/mixture_file.h"
#include "bundle/recipe_plan.h"
#include "merge/plan_source.h"
#include "mod/error.h"

namespace mod::bundle {
namespace {

void find_folder(const std::vector<std::string>& set, const Context& context, ModelSource& source) {
  if (!set.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--set {}: {} is no recipe, so there is no value to override",
                            set.front(), source.argument.text));
  }
  Problems notes;
  source.folder = checkpoint::open_model(source.argument.path, notes);
  source.folder->path = source.argument.folder();
  source.text_folder = source.folder->path;
  source.config = source.folder->config;
  source.config_file = (source.folder->path / "config.json").string();
  log_problems(notes, *context.log);
}

void find_plan(const std::vector<std::string>& set, const Context& context, ModelSource& source) {
  source.plan = plan_recipe(source.argument, set, context);
  const merge::Plan& plan = *source.plan;
  source.text_folder = plan.models[static_cast<std::size_t>(plan.donor)].folder.path;
  source.config = plan.config;
  source.config_file = source.argument.text + ": the merged config.json";
  if (plan.config.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: {} has no config.json, so it is not known how to run the result",
                            source.argument.text, source.text_folder.string()));
  }
}

std::shared_ptr<const nn::Model> merge_model(ModelSource&& source, weights::TensorStore& store,
                                             const nn::ModelOptions& options,
                                             const Context& context) {
  const std::string& name = source.argument.text;
  const arch::Architecture& architecture = arch::architecture_of(source.config, name);
  if (architecture.id != source.plan->architecture) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: merged as '{}', but its config.json is of '{}'; to run this, "
                            "write it with `mod merge` first",
                            name, source.plan->architecture, architecture.id));
  }
  arch::RunSpec spec = arch::make_run_spec(architecture, source.config, source.config_file);
  const auto weights = std::make_shared<const merge::PlanSource>(std::move(*source.plan), name,
                                                                 kMergeMemory, context);
  return nn::Model::load(architecture, std::move(spec), weights, store, options, context);
}

}  // namespace

std::size_t ModelSource::vocabulary_rows() const {
  const auto rows = config.find("vocab_size");
  return rows != config.end() && rows->is_number_unsigned() ? rows->get<std::size_t>() : 0;
}

ModelSource find_model_source(const ModelArgument& argument, const ModelChanges& changes,
                              const std::vector<std::string>& set, const Context& context) {
  ModelSource source;
  source.argument = argument;
  if (argument.kind == Kind::kRecipe) {
    find_plan(set, context, source);
  } else {
    find_folder(set, context, source);
  }
  override_rope(source.config, changes.rope);
  if (source.folder) source.folder->config = source.config;
  source.generation =
      read_generation_settings(source.text_folder, source.config, source.config_file);
  return source;
}

std::shared_ptr<const nn::Model> load_model(ModelSource&& source, weights::TensorStore& store,
                                            const nn::ModelOptions& options,
                                            const Context& context) {
  if (source.plan) return merge_model(std::move(source), store, options, context);
  Problems notes;
  auto model = nn::Model::open(*source.folder, store, options, context, notes);
  log_problems(notes, *context.log);
  return model;
}

}  // namespace mod::bundle
