// Evaluates the experts of a mixture: appends tokens to texts and predicts what comes next. Any
// number of texts goes through the weights together.
#pragma once

#include <functional>
#include <span>

#include "cpu/context.h"
#include "mix/mixture.h"
#include "mix/reader.h"
#include "mix/stream.h"
#include "nn/runner.h"

namespace mod::mix {

struct EngineOptions {
  nn::SessionOptions session;
  nn::RunnerOptions runner;
};

struct Step {
  Stream* stream = nullptr;
  std::span<const Token> tokens;  // of the answer; may be empty after Stream::rewrite
};

/// What all experts predict for one token of a text, as their models say it.
struct PlaceLogits {
  std::size_t text = 0;                            // index into what examine() was given
  std::size_t place = 0;                           // of the token among those that all views share
  std::span<const std::span<const float>> logits;  // one an expert: before temperature and masks
};

/// A text to examine.
struct Examinee {
  Stream* stream = nullptr;
  std::size_t first = 0;  // tokens before this place are read, but not shown
};

/// Not thread-safe.
class Engine {
 public:
  /// Throws as check_mixture.
  Engine(Mixture mixture, const Context& context, const EngineOptions& options = {});
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Mixture& mixture() const { return mixture_; }
  const Context& context() const { return runner_.context(); }
  /// Tokens of a prediction.
  std::size_t vocabulary() const { return vocabulary_; }
  /// Most tokens of a text.
  std::size_t longest_text() const;

  /// An empty text. `weights` in place of the mixture's, for this text only.
  Stream start() const { return start(mixture_.weights); }
  Stream start(std::span<const double> weights) const;

  /// Appends to different streams, which then have predictions: those of the mixture's mode. Throws
  /// as nn::Runner::run does, and Error(kInvalidInput) for a token that the mixture masks; then the
  /// texts are as before.
  void advance(std::span<const Step> steps);

  /// Called with every prediction in the order of the text: `position` is the place in the text of
  /// the token that it comes after. The prediction is valid during the call.
  using Visit = std::function<void(std::size_t position, const Prediction& prediction)>;

  /// Appends tokens of a turn and visits the prediction after each of them, without holding them
  /// all. All experts are evaluated, whatever the mode and the weights; the gate has heard what
  /// comes before the prediction and nothing else. Throws as advance; then the text is as before.
  void score(Stream& stream, std::span<const Token> tokens, const Visit& visit);

  /// Called with some places at a time, those of a text in order. Valid during the call.
  using VisitPlaces = std::function<void(std::span<const PlaceLogits> places)>;

  /// Reads texts of different streams (as Stream::rewrite made them, in every expert's own view)
  /// from their beginning, all together, and shows what every expert predicts for each shared token
  /// that every one of them has something before. No gate, rule or mode has a part in it. Memory
  /// beside the caches: kExamineBytes of logits. Throws as advance; the streams can be used again
  /// then.
  void examine(std::span<const Examinee> texts, const VisitPlaces& visit);

  static constexpr std::size_t kExamineBytes = 128u << 20;

 private:
  void check_tokens(std::span<const Token> tokens) const;
  void check_unread(const StreamState& stream) const;
  void append(std::span<const Step> steps);
  void score_alone(StreamState& stream, std::span<const Token> tokens, const Visit& visit);
  /// `place`: of the first token in the shared text.
  void score_chunk(StreamState& stream, std::span<const Token> tokens, std::size_t place,
                   std::vector<Row>& rows, const Visit& visit);
  void read_before_score(StreamState& stream);
  void visit_position(StreamState& stream, std::size_t position, const Visit& visit);

  Mixture mixture_;
  EngineOptions options_;
  nn::Runner runner_;
  std::size_t vocabulary_;
  Reader reader_;
};

}  // namespace mod::mix
