// Evaluates the experts of a mixture: appends tokens to texts and predicts what comes next. Any
// number of texts goes through the weights together.
#pragma once

#include <functional>
#include <span>

#include "cpu/context.h"
#include "mix/mixture.h"
#include "mix/stream.h"
#include "nn/runner.h"

namespace mod::mix {

struct EngineOptions {
  nn::SessionOptions session;
  nn::RunnerOptions runner;
};

struct Step {
  Stream* stream = nullptr;
  std::span<const Token> tokens;  // at least one
};

/// Not thread-safe.
class Engine {
 public:
  Engine(Mixture mixture, const Context& context, const EngineOptions& options = {});

  const Mixture& mixture() const { return mixture_; }
  const Context& context() const { return runner_.context(); }
  /// Tokens of a prediction.
  std::size_t vocabulary() const;
  /// Most tokens of a text.
  std::size_t longest_text() const;

  Stream start() const;

  /// Appends to different streams, which then have predictions. Throws as nn::Runner::run does;
  /// then all streams are as before.
  void advance(std::span<const Step> steps);

  /// Called with every prediction in the order of the text: `position` is the place in the text of
  /// the token that it comes after. The prediction is valid during the call.
  using Visit = std::function<void(std::size_t position, const Prediction& prediction)>;

  /// Appends and visits the prediction after each of the tokens, without holding them all.
  void score(Stream& stream, std::span<const Token> tokens, const Visit& visit);

 private:
  void set_scores(Stream& stream, std::vector<float> scores) const;

  Mixture mixture_;
  EngineOptions options_;
  nn::Runner runner_;
};

}  // namespace mod::mix
