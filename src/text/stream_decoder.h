// Text of tokens that come one by one, as a model generates them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "text/tokenizer.h"

namespace mod::text {

/// The pieces that put and finish return are whole characters, and joined they are exactly
/// decode(all ids, skip_special). A piece is empty while what follows may still change the text: in
/// the middle of a character, or within a run of byte tokens (<0x0A>), which is text only if the
/// whole run is. Not thread-safe; keeps its tokenizer alive.
class StreamDecoder {
 public:
  StreamDecoder(const Tokenizer& tokenizer, bool skip_special);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  /// The text that this id completes; also nothing for an id without a token.
  std::string put(std::int32_t id);

  /// What is left. Afterwards the decoder is as new.
  std::string finish();

 private:
  struct Run;
  std::shared_ptr<const Tokenizer::State> state_;
  bool skip_special_;
  std::unique_ptr<Run> run_;
};

}  // namespace mod::text
