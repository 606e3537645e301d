// One text that grows: the tokens, what every expert keeps of them, and the prediction after them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mix/prediction.h"
#include "mix/prompt.h"

namespace mod::mix {

struct StreamState;  // stream_state.h, for this room only

/// Made and appended to by Engine. Movable. Not thread-safe; different streams may be used from
/// different threads.
class Stream {
 public:
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  /// The text as the first expert sees it.
  std::span<const Token> tokens() const;
  std::size_t length() const { return tokens().size(); }
  /// Tokens of it that the first expert has read.
  std::size_t read() const;
  /// Most tokens that every expert can still take.
  std::size_t room() const;

  /// For the token after the last one; valid until the next change. Wants a text that is not empty
  /// and was read.
  const Prediction& prediction() const;

  /// Makes the text be `prompt`, the whole of it, to be read when the stream is advanced. What it
  /// has in common with the text so far is kept and not read again, and gates remember it.
  void rewrite(const Prompt& prompt);

  /// Keeps the first `length` tokens that all experts read alike. The next thing to do is to
  /// append.
  void truncate(std::size_t length);

  /// What chooses the experts of mode `draw`.
  void set_seed(std::uint64_t seed);

  /// How often each expert's weights were gone through for this text.
  std::vector<std::uint64_t> forward_passes() const;

  /// Tokens of its view that each expert has read.
  std::vector<std::size_t> read_tokens() const;

  /// Bytes of keys and values.
  std::uint64_t cache_bytes() const;

 private:
  friend class Engine;
  explicit Stream(std::unique_ptr<StreamState> state);

  std::unique_ptr<StreamState> state_;
};

}  // namespace mod::mix
