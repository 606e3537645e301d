#include "model_options.h"

#include <fmt/format.h>

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
  command
      .add_option("--set", a.set, "Override a value of a recipe or mixture (repeatable)")
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

}  // namespace

bundle::Bundle open_bundle(const ModelArguments& a, bundle::Opener& opener) {
  if (a.experts.empty()) {
    if (a.model.empty()) {
      throw Error(ErrorCode::kInvalidInput,
                  "name a MODEL (folder, recipe or mixture), or experts with --expert NAME=MODEL");
    }
    return opener.open(a.model);
  }
  if (!a.model.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("MODEL {} and --expert: give one of both", a.model));
  }
  return opener.open_mixture({a.experts, a.rule, a.gate, a.mode});
}

Runnable open_runnable(const ModelArguments& a, const Invocation& run, bool text) {
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
  bundle::Opener opener(run.context, options);
  Runnable runnable{open_bundle(a, opener), nullptr};
  for (const mix::Expert& expert : runnable.bundle.mixture.experts) {
    const auto made_for = static_cast<std::size_t>(expert.model->spec().context);
    if (a.context <= made_for) continue;
    run.log().warn(
        fmt::format("--context {}: {} was made for {} tokens; expect little sense beyond",
                    a.context, expert.name, made_for));
  }
  mix::EngineOptions engine;
  engine.session.kv = a.kv == "bf16" ? DType::BF16 : DType::F32;
  engine.session.context = a.context;
  engine.runner.deterministic = a.deterministic;
  runnable.engine = std::make_unique<mix::Engine>(runnable.bundle.mixture, run.context, engine);
  return runnable;
}

}  // namespace mod::cli
