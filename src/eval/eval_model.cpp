#include "eval/eval_model.h"

#include <set>

#include "nn/session.h"

namespace mod::eval {

EvalModel open_eval_model(const std::string& argument, const ModelSettings& settings,
                          const Context& context) {
  bundle::OpenOptions options;
  if (bundle::resolve_argument(argument).kind == bundle::Kind::kRecipe) options.set = settings.set;
  options.memory = settings.memory;
  options.context = settings.context;
  EvalModel out;
  out.bundle = bundle::Opener(context, options).open(argument);
  mix::EngineOptions engine;
  engine.session.kv = settings.kv;
  engine.session.context = settings.context;
  engine.runner.deterministic = settings.deterministic;
  out.engine =
      std::make_unique<mix::Engine>(mix::Mixture{{{argument, out.bundle.model}}}, context, engine);
  std::set<const weights::Tensor*> counted;
  for (const mix::Expert& expert : out.engine->mixture().experts) {
    out.experts.push_back(expert.name);
    out.cache_bytes_per_token += nn::Session(expert.model, engine.session).cache_bytes_per_token();
    for (const weights::TensorPtr& tensor : expert.model->tensors()) {
      if (counted.insert(tensor.get()).second) out.memory_bytes += tensor->bytes().size();
    }
  }
  return out;
}

}  // namespace mod::eval
