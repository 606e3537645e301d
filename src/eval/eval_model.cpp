#include "eval/eval_model.h"

#include "nn/session.h"

namespace mod::eval {

EvalModel open_eval_model(const std::string& argument, const ModelSettings& settings,
                          const Context& context) {
  bundle::OpenOptions options;
  if (bundle::resolve_argument(argument).kind != bundle::Kind::kFolder) options.set = settings.set;
  options.memory = settings.memory;
  options.context = settings.context;
  EvalModel out;
  out.bundle = bundle::Opener(context, options).open(argument);
  mix::EngineOptions engine;
  engine.session.kv = settings.kv;
  engine.session.context = settings.context;
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
