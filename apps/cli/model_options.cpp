#include "model_options.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mod/error.h"

namespace mod::cli {

void add_model_options(CLI::App& command, ModelArguments& a) {
  const std::string group = "How the model runs";
  command
      .add_option("MODEL", a.model,
                  "A model folder, a recipe (merged in memory), or a hub name in the local cache")
      ->required();
  command
      .add_option("--set", a.set, "Override a value of a recipe, as for `mod merge` (repeatable)")
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

Runnable open_runnable(const ModelArguments& a, const Invocation& run, bool text) {
  bundle::OpenOptions options;
  options.set = a.set;
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
  Runnable runnable{opener.open(a.model), nullptr};
  const auto made_for = static_cast<std::size_t>(runnable.bundle.model->spec().context);
  if (a.context > made_for) {
    run.log().warn(
        fmt::format("--context {}: {} was made for {} tokens; expect little sense beyond",
                    a.context, a.model, made_for));
  }
  mix::EngineOptions engine;
  engine.session.kv = a.kv == "bf16" ? DType::BF16 : DType::F32;
  engine.session.context = a.context;
  engine.runner.deterministic = a.deterministic;
  runnable.engine = std::make_unique<mix::Engine>(
      mix::Mixture{{{runnable.bundle.argument, runnable.bundle.model}}}, run.context, engine);
  return runnable;
}

}  // namespace mod::cli
