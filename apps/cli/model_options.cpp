#include "model_options.h"

#include <fmt/format.h>

#include <optional>

#include "mod/error.h"

namespace mod::cli {

void add_model_options(CLI::App& command, ModelArguments& a) {
  const std::string group = "How the model runs";
  command.add_option("MODEL", a.model,
                     "A model folder, a recipe (merged in memory), a mixture, or a hub name in the "
                     "local cache");
  add_mixture_options(command, a.mixture);
  command.add_option("--set", a.set, "Override a value of a recipe or mixture (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  add_runtime_options(command, a.runtime, group);
  command
      .add_flag("--cap-scores", a.cap_scores,
                "Gemma 2: cap attention scores as in training (transformers' default does not)")
      ->group(group);
}

namespace {

void refuse_both(const ModelArguments& a) {
  if (a.mixture.experts.empty() && a.model.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                "name a MODEL (folder, recipe or mixture), or experts with --expert NAME=MODEL");
  }
  if (!a.mixture.experts.empty() && !a.model.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("MODEL {} and --expert: give one of both", a.model));
  }
}

/// Nothing where MODEL is no mixture.
std::optional<bundle::MixtureFile> read_if_mixture(const ModelArguments& a, const Invocation& run,
                                                   bool equal_weights) {
  refuse_both(a);
  const auto options = [&] { return mixture_options(a.mixture, a.set, equal_weights); };
  if (!a.mixture.experts.empty()) return mixture_of_experts(a.mixture, options(), run.log());
  const bundle::ModelArgument model = bundle::resolve_argument(a.model);
  if (model.kind != bundle::Kind::kMixture) return std::nullopt;
  return bundle::load_mixture(model.path, options(), run.log());
}

std::shared_ptr<bundle::Opener> opener_of(const ModelArguments& a, const Invocation& run,
                                          bool text) {
  bundle::OpenOptions options;
  options.context = a.runtime.context;
  options.text = text;
  options.cap_scores = a.cap_scores;
  options.memory = most_memory(a.runtime);
  return std::make_shared<bundle::Opener>(run.context, options);
}

Runnable with_engine(const ModelArguments& a, bundle::Bundle bundle,
                     std::shared_ptr<bundle::Opener> opener, const Invocation& run) {
  Runnable runnable{std::move(bundle), nullptr, std::move(opener)};
  for (const mix::Expert& expert : runnable.bundle.mixture.experts) {
    const auto made_for = static_cast<std::size_t>(expert.model->spec().context);
    if (a.runtime.context <= made_for) continue;
    run.log().warn(
        fmt::format("--context {}: {} was made for {} tokens; expect little sense beyond",
                    a.runtime.context, expert.name, made_for));
  }
  mix::EngineOptions engine;
  engine.session = session_options(a.runtime);
  engine.runner.deterministic = a.runtime.deterministic;
  runnable.engine = std::make_unique<mix::Engine>(runnable.bundle.mixture, run.context, engine);
  return runnable;
}

}  // namespace

Runnable open_runnable(const ModelArguments& a, const Invocation& run, bool text) {
  if (const auto mixture = read_if_mixture(a, run, false)) {
    return open_runnable(a, *mixture, run, text);
  }
  if (const std::string_view option = a.mixture.first_override(); !option.empty()) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("{}: {} is no mixture", option, a.model));
  }
  auto opener = opener_of(a, run, text);
  bundle::Bundle bundle = opener->open(a.model, a.set);
  return with_engine(a, std::move(bundle), std::move(opener), run);
}

Runnable open_runnable(const ModelArguments& a, const bundle::MixtureFile& mixture,
                       const Invocation& run, bool text) {
  auto opener = opener_of(a, run, text);
  bundle::Bundle bundle = opener->open_mixture(mixture);
  return with_engine(a, std::move(bundle), std::move(opener), run);
}

Runnable open_beside(const Runnable& first, const ModelArguments& a, const std::string& model,
                     const Invocation& run) {
  return with_engine(a, first.opener->open(model), first.opener, run);
}

bundle::MixtureFile read_mixture_arguments(const ModelArguments& a, const Invocation& run,
                                           bool equal_weights) {
  auto mixture = read_if_mixture(a, run, equal_weights);
  if (mixture) return std::move(*mixture);
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("{} is no mixture: name a mixture file, or experts with --expert "
                          "NAME=MODEL",
                          a.model));
}

}  // namespace mod::cli
