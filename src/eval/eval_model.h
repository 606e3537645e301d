// A MODEL argument opened for evaluation: the one place where evaluation opens models.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "eval/model_info.h"
#include "mix/engine.h"

namespace mod::eval {

struct ModelSettings {
  std::vector<std::string> set;          // KEY=VALUE for recipes
  std::vector<std::string> mixture_set;  // for mixtures
  std::uint64_t memory = 0;              // most bytes of weights; 0: 80 % of the available
  nn::SessionOptions session;
  bool deterministic = false;
};

struct EvalModel {
  bundle::Bundle bundle;
  std::unique_ptr<mix::Engine> engine;
  std::uint64_t memory_bytes = 0;           // of weights
  std::uint64_t cache_bytes_per_token = 0;  // of one text, all experts together
  std::vector<std::string> experts;         // names for `forward_passes`
};

/// Throws as bundle::Opener::open and open_mixture.
EvalModel open_eval_model(const ModelInfo& info, const ModelSettings& settings,
                          const Context& context);

}  // namespace mod::eval
