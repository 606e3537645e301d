// Lets experts read what they have not read of their texts, all in one pass through the weights,
// and keeps what is wanted of their logits: the last row, and the probabilities that gates listen
// to.
#pragma once

#include <span>

#include "mix/mixture.h"
#include "mix/stream_state.h"
#include "nn/runner.h"

namespace mod::mix {

/// One expert of one stream.
struct Reading {
  StreamState* stream = nullptr;
  std::size_t expert = 0;
};

/// Not thread-safe.
class Reader {
 public:
  Reader(const Mixture& mixture, nn::Runner& runner, std::size_t vocabulary);

  /// After this the slots are current. A slot that is current already costs nothing. Throws as
  /// nn::Runner::run; then no session has read anything, but a last token may have to be read
  /// again.
  void read(std::span<const Reading> readings);

  /// The expert's logits after its temperature and the masks: as log-probabilities if `normalise`,
  /// else as they are beside their sum.
  void make_row(std::span<const float> logits, std::size_t expert, bool normalise, Row& out) const;
  /// Keeps what the slot's row says of the token after it, if the gate listens.
  void score_from_row(const Reading& reading, std::int64_t place) const;

 private:
  void score(std::span<const float> logits, const Reading& reading, std::int64_t place) const;
  bool prepare(const Reading& reading) const;

  const Mixture& mixture_;
  nn::Runner& runner_;
  std::size_t vocabulary_;
};

}  // namespace mod::mix
