// The model of a tokenizer: cuts a piece of text into tokens of its vocabulary.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"
#include "text/workspace.h"

namespace mod::text {

/// Immutable; thread-safe, with a workspace for each thread.
class Model {
 public:
  virtual ~Model() = default;

  /// Appends the ids of `piece`. Throws Error(kInvalidInput) where it has no token for a part of it
  /// and none that stands for the unknown.
  virtual void encode(std::string_view piece, Workspace& work,
                      std::vector<std::int32_t>& ids) const = 0;

  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// transformers tidies spaces of decoded text (tokenizer_config.json) only for models that are
  /// not BPE, where it would destroy text.
  virtual bool allows_clean_up() const = 0;

 protected:
  explicit Model(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

  Vocabulary vocabulary_;
};

}  // namespace mod::text
