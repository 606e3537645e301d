// One text that grows: the tokens, what every expert keeps of them, and the prediction after them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mix/prediction.h"
#include "nn/session.h"

namespace mod::mix {

/// Made and appended to by Engine. Movable. Not thread-safe; different streams may be used from
/// different threads.
class Stream {
 public:
  /// Everything appended so far.
  std::span<const Token> tokens() const { return sessions_.front().tokens(); }
  std::size_t length() const { return sessions_.front().length(); }
  /// Most tokens that every expert can still take.
  std::size_t room() const;

  /// For the token after the last one; valid until the next change. Wants a text that is not empty
  /// and was not shortened since.
  Prediction prediction() const;

  /// Forgets all tokens from `length` on. The next thing to do is to append.
  void truncate(std::size_t length);

  /// Bytes of keys and values.
  std::uint64_t cache_bytes() const;

 private:
  friend class Engine;
  Stream() = default;

  std::vector<nn::Session> sessions_;  // one an expert
  std::vector<float> scores_;
  double log_total_ = 0;
};

}  // namespace mod::mix
