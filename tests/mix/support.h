// Real models for tests of mixing: the specialists and the tiny architectures.
#pragma once

#include "base/log.h"
#include "checkpoint/model_folder.h"
#include "mix/generation.h"
#include "text/tokenizer.h"
#include "weights/tensor_store.h"

namespace mod::mix::test {

inline Context test_context(int threads = 2) {
  static Log log(LogLevel::kError);
  Context context;
  context.threads = threads;
  context.log = &log;
  return context;
}

inline std::filesystem::path specialist_path(const std::string& name) {
  return std::filesystem::path(MOD_SOURCE_DIR) / "examples/specialists" / name;
}

inline std::shared_ptr<const nn::Model> open_model(const std::filesystem::path& path) {
  Problems notes;
  weights::TensorStore store;
  nn::ModelOptions options;
  options.name = path.filename().string();
  return nn::Model::open(checkpoint::open_model(path, notes), store, options, test_context(),
                         notes);
}

inline Mixture single(const std::string& specialist) {
  return single_model(specialist, open_model(specialist_path(specialist)));
}

inline std::vector<Token> ids_of(const Generation& generation) {
  std::vector<Token> ids;
  for (const WrittenToken& token : generation.tokens()) ids.push_back(token.id);
  return ids;
}

}  // namespace mod::mix::test
