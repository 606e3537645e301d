// Everything that a MODEL argument stands for, ready to run: weights (of a folder, or merged in
// memory), tokenizer, chat template and generation settings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bundle/generation_settings.h"
#include "bundle/model_argument.h"
#include "cpu/context.h"
#include "mod/error.h"
#include "nn/model.h"
#include "text/template/chat_template.h"
#include "text/tokenizer.h"
#include "weights/tensor_store.h"

namespace mod::bundle {

/// Copies share what they hold. Reading is thread-safe.
struct Bundle {
  std::string argument;  // as typed
  Kind kind = Kind::kFolder;
  std::shared_ptr<const nn::Model> model;
  std::shared_ptr<const text::Tokenizer> tokenizer;         // null: there is none
  std::shared_ptr<const text::ChatTemplate> chat_template;  // null: there is none
  GenerationSettings generation;
  /// Why there is none: absent, broken, or not asked for.
  std::optional<Error> tokenizer_error, chat_template_error;

  /// Throw the error above: what is missing or broken, where, what to do.
  const text::Tokenizer& need_tokenizer() const;
  const text::ChatTemplate& need_chat_template() const;
};

struct OpenOptions {
  std::vector<std::string> set;  // KEY=VALUE for recipes; an error if given for a folder
  std::uint64_t memory = 0;      // most bytes of weights, of all models; 0: 80 % of the available
  std::size_t context = 0;       // 0: the model's
  bool cap_scores = false;       // nn::ModelOptions::cap_scores
  bool text = true;              // false: tokenizer and chat template are not loaded (--ids)
};

/// Opens models that share their equal tensors, as long as they live. Not thread-safe; works on
/// Context::threads itself.
class Opener {
 public:
  Opener(const Context& context, OpenOptions options);

  /// Problems that are no errors go to the context's log, progress of a merge as well. Throws as
  /// resolve_argument, nn::Model::open and merge::load_plan; Error(kOutOfMemory) before anything is
  /// read, kCancelled. A tokenizer or template that is missing or broken is no error here.
  Bundle open(const std::string& argument);

 private:
  void open_folder(const ModelArgument& argument, Bundle& bundle);
  void open_recipe(const ModelArgument& argument, Bundle& bundle);
  nn::ModelOptions model_options(const std::string& name) const;

  Context context_;
  OpenOptions options_;
  weights::TensorStore store_{true};
  std::vector<std::weak_ptr<const weights::Tensor>> held_;  // by models opened before
};

}  // namespace mod::bundle
