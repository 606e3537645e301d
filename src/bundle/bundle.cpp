#include "bundle/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "base/log_problems.h"
#include "bundle/recipe_plan.h"
#include "bundle/text_parts.h"
#include "merge/plan_source.h"

namespace mod::bundle {
namespace {

/// Loads them while the weights are loaded.
std::future<TextParts> start_text(const OpenOptions& options, const std::string& argument,
                                  const std::filesystem::path& folder) {
  if (!options.text) {
    return std::async(std::launch::deferred, [argument] { return no_text_parts(argument); });
  }
  return std::async(std::launch::async, [folder] { return load_text_parts(folder); });
}

void take_text(TextParts parts, Bundle& bundle) {
  bundle.tokenizer = std::move(parts.tokenizer);
  bundle.chat_template = std::move(parts.chat_template);
  bundle.tokenizer_error = std::move(parts.tokenizer_error);
  bundle.chat_template_error = std::move(parts.chat_template_error);
  std::vector<std::int32_t>& ends = bundle.generation.end_tokens;
  if (ends.empty() && bundle.tokenizer && bundle.tokenizer->eos_id()) {
    ends.push_back(*bundle.tokenizer->eos_id());
  }
}

}  // namespace

const text::Tokenizer& Bundle::need_tokenizer() const {
  if (tokenizer) return *tokenizer;
  throw tokenizer_error.value_or(Error(ErrorCode::kInvalidInput, argument + ": no tokenizer"));
}

const text::ChatTemplate& Bundle::need_chat_template() const {
  if (chat_template) return *chat_template;
  throw chat_template_error.value_or(
      Error(ErrorCode::kInvalidInput, argument + ": no chat template"));
}

Opener::Opener(const Context& context, OpenOptions options)
    : context_(context), options_(std::move(options)) {}

nn::ModelOptions Opener::model_options(const std::string& name) const {
  nn::ModelOptions out;
  out.name = name;
  out.context = options_.context;
  out.cap_scores = options_.cap_scores;
  out.memory = options_.memory;
  for (const auto& one : held_) {
    if (const weights::TensorPtr tensor = one.lock()) out.held += tensor->bytes().size();
  }
  return out;
}

Bundle Opener::open(const std::string& argument) {
  const ModelArgument resolved = resolve_argument(argument);
  Bundle bundle;
  bundle.argument = argument;
  bundle.kind = resolved.kind;
  if (resolved.kind == Kind::kRecipe) {
    open_recipe(resolved, bundle);
  } else {
    open_folder(resolved, bundle);
  }
  std::erase_if(held_, [](const auto& one) { return one.expired(); });
  for (const weights::TensorPtr& tensor : bundle.model->tensors()) {
    const bool known = std::any_of(held_.begin(), held_.end(),
                                   [&](const auto& one) { return one.lock() == tensor; });
    if (!known) held_.push_back(tensor);
  }
  return bundle;
}

void Opener::open_folder(const ModelArgument& argument, Bundle& bundle) {
  if (!options_.set.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--set {}: {} is no recipe, so there is no value to override",
                            options_.set.front(), argument.text));
  }
  Problems notes;
  checkpoint::ModelFolder folder = checkpoint::open_model(argument.path, notes);
  folder.path = argument.folder();
  std::future<TextParts> text = start_text(options_, argument.text, folder.path);
  bundle.generation =
      read_generation_settings(folder.path, folder.config, (folder.path / "config.json").string());
  bundle.model = nn::Model::open(folder, store_, model_options(argument.text), context_, notes);
  log_problems(notes, *context_.log);
  take_text(text.get(), bundle);
}

void Opener::open_recipe(const ModelArgument& argument, Bundle& bundle) {
  merge::Plan plan = plan_recipe(argument, options_.set, context_);
  const checkpoint::ModelFolder& donor = plan.models[static_cast<std::size_t>(plan.donor)].folder;
  const std::string config_file = argument.text + ": the merged config.json";
  if (plan.config.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: {} has no config.json, so it is not known how to run the result",
                            argument.text, donor.path.string()));
  }
  const arch::Architecture& architecture = arch::architecture_of(plan.config, argument.text);
  if (architecture.id != plan.architecture) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: merged as '{}', but its config.json is of '{}'; to run this, "
                            "write it with `mod merge` first",
                            argument.text, plan.architecture, architecture.id));
  }
  std::future<TextParts> text = start_text(options_, argument.text, donor.path);
  bundle.generation = read_generation_settings(donor.path, plan.config, config_file);
  arch::RunSpec spec = arch::make_run_spec(architecture, plan.config, config_file);
  const auto source = std::make_shared<const merge::PlanSource>(std::move(plan), argument.text,
                                                                kMergeMemory, context_);
  bundle.model = nn::Model::load(architecture, std::move(spec), source, store_,
                                 model_options(argument.text), context_);
  take_text(text.get(), bundle);
}

}  // namespace mod::bundle
