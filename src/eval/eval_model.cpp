#include "eval/eval_model.h"

#include "nn/session.h"

namespace mod::eval {

EvalModel open_eval_model(const ModelInfo& info, const ModelSettings& settings,
                          const Context& context) {
  bundle::OpenOptions options;
  options.memory = settings.memory;
  options.context = settings.session.context;
  bundle::Opener opener(context, options);
  EvalModel out;
  const std::vector<std::string> set =
      info.kind == RowKind::kMerge ? settings.set : std::vector<std::string>{};
  out.bundle = info.mixture ? opener.open_mixture(*info.mixture) : opener.open(info.argument, set);
  mix::EngineOptions engine;
  engine.session = settings.session;
  engine.runner.deterministic = settings.deterministic;
  out.engine = std::make_unique<mix::Engine>(out.bundle.mixture, context, engine);
  out.memory_bytes = out.bundle.weight_bytes();
  for (const mix::Expert& expert : out.engine->mixture().experts) {
    out.experts.push_back(expert.name);
    out.cache_bytes_per_token += nn::Session(expert.model, engine.session).cache_bytes_per_token();
  }
  return out;
}

}  // namespace mod::eval
