// One text in one model: its tokens with their keys and values. Runner (nn/runner.h) appends to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/kv_cache.h"
#include "nn/model.h"

namespace mod::nn {

using Token = std::int32_t;

struct SessionOptions {
  DType kv = DType::F32;    // F32 or BF16: how keys and values are kept
  std::size_t context = 0;  // most tokens; 0 or more than the model's: the model's
};

/// Movable. Not thread-safe; different sessions may be used from different threads.
class Session {
 public:
  explicit Session(std::shared_ptr<const Model> model, const SessionOptions& options = {});

  const Model& model() const { return *model_; }
  const std::shared_ptr<const Model>& shared_model() const { return model_; }
  std::span<const Token> tokens() const { return tokens_; }
  std::size_t length() const { return tokens_.size(); }
  /// Most tokens.
  std::size_t context() const { return context_; }

  /// Forgets all tokens from `length` on; what is appended then gives the same bits as in a session
  /// that never had them. Keeps the memory.
  void truncate(std::size_t length);
  /// Becomes a copy of the first `length` tokens of `other`, which has the same model and kind of
  /// cache: one prompt, many continuations. Error(kInternal) otherwise.
  void copy_prefix(const Session& other, std::size_t length);

  std::uint64_t cache_bytes() const { return cache_.bytes(); }
  std::uint64_t cache_bytes_per_token() const { return cache_.bytes_per_position(); }

 private:
  friend class Runner;
  friend class Pass;

  std::shared_ptr<const Model> model_;
  std::size_t context_;
  KvCache cache_;
  std::vector<Token> tokens_;
};

}  // namespace mod::nn
