// Appends tokens to sessions and gives logits. Any number of sessions goes through the weights
// together: matrices see the rows of all of them at once, attention goes text by text. Sessions of
// different models with equal shapes go side by side, layer by layer, and read the tensors that
// they share once.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "cpu/context.h"
#include "nn/session.h"

namespace mod::nn {

/// Which rows of logits are wanted.
enum class Logits { kNone, kLast, kAll };

struct Input {
  Session* session = nullptr;
  std::span<const Token> tokens;  // at least one
  Logits logits = Logits::kLast;
};

/// Rows of logits of one input: row i, `vocabulary` numbers, predicts the token after the one at
/// position first + i of the session. Valid during the call only.
struct LogitsBlock {
  std::size_t input = 0;  // index into the inputs
  std::size_t first = 0;
  std::size_t rows = 0;
  std::size_t vocabulary = 0;
  const float* data = nullptr;

  std::span<const float> row(std::size_t i) const { return {data + i * vocabulary, vocabulary}; }
};

using LogitsSink = std::function<void(const LogitsBlock&)>;

struct RunnerOptions {
  std::size_t chunk = 512;  // rows of one pass; bounds the memory of activations
  bool deterministic = false;
};

/// Results do not depend on threads, on the other sessions of a call, or on how tokens are cut into
/// calls and chunks. Holds the memory of activations, which grows to the largest pass. Not
/// thread-safe: one runner a thread.
class Runner {
 public:
  explicit Runner(const Context& context, const RunnerOptions& options = {});
  ~Runner();

  /// Appends every input's tokens to its session. The sink gets blocks of the wanted rows, those of
  /// one input in order of their positions; it may be empty if nothing is wanted. Throws
  /// Error(kInvalidInput) before any work: no tokens, an id outside of the vocabulary, or more
  /// tokens than the context holds; kOutOfMemory; kCancelled when the context says stop; and what
  /// the sink throws. Then all sessions are as before.
  void run(std::span<const Input> inputs, const LogitsSink& sink);

  /// One session; returns the logits after its last token, valid until the next call.
  std::span<const float> append(Session& session, std::span<const Token> tokens);

  const Context& context() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mod::nn
