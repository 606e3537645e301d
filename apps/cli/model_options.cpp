#include "model_options.h"

#include <fmt/format.h>

#include "base/log_problems.h"
#include "base/text.h"
#include "mod/error.h"

namespace mod::cli {

namespace {

void add_mixture_options(CLI::App& command, ModelArguments& a) {
  const char* group = "Mixtures";
  command
      .add_option("--expert", a.experts,
                  "In place of MODEL: an expert of a mixture, a folder or recipe (repeatable)")
      ->type_name("NAME=MODEL[@WEIGHT]")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option("--rule", a.rule,
                  "linear (default), log_linear, contrastive, proxy, power; or {kind: NAME, ...}")
      ->type_name("RULE")
      ->group(group);
  command
      .add_option("--gate", a.gate,
                  "share (default), fixed, prompt, turn, entropy; or {kind: NAME, ...}")
      ->type_name("GATE")
      ->group(group);
  command
      .add_option("--mode", a.mode, "exact (default), draw, certified, lazy; or {kind: NAME, ...}")
      ->type_name("MODE")
      ->group(group);
  command.add_option("--weights", a.weights, "Weights of experts, over those of a file")
      ->type_name("NAME=W,...")
      ->group(group);
}

}  // namespace

void add_model_options(CLI::App& command, ModelArguments& a) {
  const std::string group = "How the model runs";
  command.add_option("MODEL", a.model,
                     "A model folder, a recipe (merged in memory), a mixture, or a hub name in the "
                     "local cache");
  add_mixture_options(command, a);
  command.add_option("--set", a.set, "Override a value of a recipe or mixture (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option("--memory", a.memory,
                  "Most memory for weights (default: 80 % of what is available)")
      ->type_name("SIZE")
      ->group(group);
  command
      .add_option("--context", a.context, "Most tokens of a text (default: what the model allows)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group(group);
  command.add_option("--kv", a.kv, "How keys and values are kept: fp32 or bf16 (half the memory)")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--deterministic", a.deterministic,
                "Bits do not depend on batches and chunks either (never on threads)")
      ->group(group);
  command
      .add_flag("--cap-scores", a.cap_scores,
                "Gemma 2: cap attention scores as in training (transformers' default does not)")
      ->group(group);
}

namespace {

void add_overrides(const ModelArguments& a, std::vector<std::string>& set) {
  if (!a.rule.empty()) set.push_back("mixture.rule=" + a.rule);
  if (!a.gate.empty()) set.push_back("mixture.gate=" + a.gate);
  if (!a.mode.empty()) set.push_back("mixture.mode=" + a.mode);
}

void refuse_both(const ModelArguments& a) {
  if (a.experts.empty() && a.model.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                "name a MODEL (folder, recipe or mixture), or experts with --expert NAME=MODEL");
  }
  if (!a.experts.empty() && !a.model.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("MODEL {} and --expert: give one of both", a.model));
  }
}

bundle::OpenOptions open_options(const ModelArguments& a, bool text) {
  bundle::OpenOptions options;
  options.set = a.set;
  options.weights = a.weights;
  if (a.experts.empty()) add_overrides(a, options.set);
  options.context = a.context;
  options.text = text;
  options.cap_scores = a.cap_scores;
  if (!a.memory.empty()) {
    const auto size = parse_size(a.memory);
    if (!size) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("--memory: '{}' is not a size; write for example 8G", a.memory));
    }
    options.memory = *size;
  }
  return options;
}

Runnable with_engine(const ModelArguments& a, bundle::Bundle bundle, const Invocation& run) {
  Runnable runnable{std::move(bundle), nullptr};
  for (const mix::Expert& expert : runnable.bundle.mixture.experts) {
    const auto made_for = static_cast<std::size_t>(expert.model->spec().context);
    if (a.context <= made_for) continue;
    run.log().warn(
        fmt::format("--context {}: {} was made for {} tokens; expect little sense beyond",
                    a.context, expert.name, made_for));
  }
  mix::EngineOptions engine;
  engine.session = session_options(a);
  engine.runner.deterministic = a.deterministic;
  runnable.engine = std::make_unique<mix::Engine>(runnable.bundle.mixture, run.context, engine);
  return runnable;
}

}  // namespace

nn::SessionOptions session_options(const ModelArguments& a) {
  return {a.kv == "bf16" ? DType::BF16 : DType::F32, a.context};
}

bundle::Bundle open_bundle(const ModelArguments& a, bundle::Opener& opener) {
  refuse_both(a);
  if (a.experts.empty()) return opener.open(a.model);
  return opener.open_mixture({a.experts, a.rule, a.gate, a.mode});
}

Runnable open_runnable(const ModelArguments& a, const Invocation& run, bool text) {
  bundle::Opener opener(run.context, open_options(a, text));
  return with_engine(a, open_bundle(a, opener), run);
}

Runnable open_runnable(const ModelArguments& a, const bundle::MixtureFile& mixture,
                       const Invocation& run) {
  bundle::Opener opener(run.context, open_options(a, true));
  return with_engine(a, opener.open_mixture(mixture), run);
}

bundle::MixtureFile read_mixture_arguments(const ModelArguments& a, const Invocation& run,
                                           bool equal_weights) {
  refuse_both(a);
  std::vector<std::string> set = a.set;
  if (a.experts.empty()) add_overrides(a, set);
  bundle::MixtureOptions options = bundle::mixture_options(set, a.weights);
  options.equal_weights = equal_weights;
  if (a.experts.empty()) {
    const bundle::ModelArgument model = bundle::resolve_argument(a.model);
    if (model.kind != bundle::Kind::kMixture) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{} is no mixture: name a mixture file, or experts with --expert "
                              "NAME=MODEL",
                              a.model));
    }
    return bundle::load_mixture(model.path, options, run.log());
  }
  Problems problems;
  bundle::MixtureFile mixture =
      bundle::mixture_of_arguments({a.experts, a.rule, a.gate, a.mode}, options, problems);
  log_problems(problems, run.log());
  problems.throw_if_errors();
  return mixture;
}

}  // namespace mod::cli
