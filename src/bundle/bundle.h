// Everything that a MODEL argument stands for, ready to run: weights (of a folder, merged in
// memory, or of all experts of a mixture), tokenizer, chat template and generation settings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bundle/generation_settings.h"
#include "bundle/mixture_file.h"
#include "bundle/model_source.h"
#include "bundle/text_parts.h"
#include "cpu/context.h"
#include "mix/mixture.h"
#include "mod/error.h"
#include "nn/model.h"
#include "text/template/chat_template.h"
#include "text/tokenizer.h"
#include "weights/tensor_store.h"

namespace mod::bundle {

/// How one expert of a mixture is shown a prompt.
struct ExpertView {
  std::shared_ptr<const text::ChatTemplate> chat_template;  // null: it has none
  std::optional<std::string> system;                        // in place of the chat's; "": none
  std::string prefix;                                       // before raw prompts
};

/// Copies share what they hold. Reading is thread-safe.
struct Bundle {
  std::string argument;  // as typed
  Kind kind = Kind::kFolder;
  mix::Mixture mixture;           // of one expert where it is a model
  std::vector<ExpertView> views;  // one an expert; empty where it is a model
  /// Of a mixture: the first expert's, and so are the sampling values; end tokens are everyone's.
  std::shared_ptr<const text::Tokenizer> tokenizer;         // null: there is none
  std::shared_ptr<const text::ChatTemplate> chat_template;  // null: there is none
  GenerationSettings generation;
  /// Why there is none: absent, broken, or not asked for.
  std::optional<Error> tokenizer_error, chat_template_error;

  /// The first expert's.
  const nn::Model& model() const { return *mixture.experts.front().model; }
  /// Bytes of all experts' weights, each tensor counted once.
  std::uint64_t weight_bytes() const;

  /// Throw the error above: what is missing or broken, where, what to do.
  const text::Tokenizer& need_tokenizer() const;
  const text::ChatTemplate& need_chat_template() const;
};

struct OpenOptions {
  std::uint64_t memory = 0;  // most bytes of weights, of all models; 0: 80 % of the available
  std::size_t context = 0;   // 0: the model's
  bool cap_scores = false;   // nn::ModelOptions::cap_scores
  bool text = true;          // false: tokenizer and chat template are not loaded (--ids)
};

/// Opens models that share their equal tensors, tokenizers and templates, as long as they live. Not
/// thread-safe; works on Context::threads itself.
class Opener {
 public:
  Opener(const Context& context, OpenOptions options);

  /// `set`: KEY=VALUE of a recipe or mixture; an error for a folder.
  /// Problems that are no errors go to the context's log, progress of a merge as well. Throws as
  /// resolve_argument, nn::Model::open and merge::load_plan; of a mixture also all that is wrong
  /// with the file or its tokenizers, before any weight is read; Error(kOutOfMemory) before
  /// anything is read, kCancelled. A tokenizer or template that is missing or broken is no error
  /// here, but for mixtures.
  Bundle open(const std::string& argument, const std::vector<std::string>& set = {});
  /// A mixture that was read already. Throws as above.
  Bundle open_mixture(const MixtureFile& mixture);

 private:
  Bundle open_model(ModelSource source, const ModelChanges& changes);
  nn::ModelOptions model_options(const std::string& name, const ModelChanges& changes) const;
  void hold(const nn::Model& model);

  Context context_;
  OpenOptions options_;
  weights::TensorStore store_{true};
  std::vector<std::weak_ptr<const weights::Tensor>> held_;  // by models opened before
  TextCache texts_;
};

}  // namespace mod::bundle
