// One way of mixing that `mod bench mix` measures, step by step between the others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cpu/context.h"
#include "mix/generation.h"
#include "nn/model.h"

namespace mod::cli {

using Models = std::vector<std::shared_ptr<const nn::Model>>;

struct ContenderSetup {
  std::string mode, gate;
  std::vector<double> weights;
  bool credits = false;  // every token is attributed, and what mixing takes is measured
};

struct ContenderText {
  std::vector<nn::Token> prompt;
  std::size_t tokens = 0;  // of the answer that are measured
  double temperature = 1;  // of the experts
};

/// A mixture of the models under rule linear that writes a text. Not thread-safe.
class MixContender {
 public:
  /// Reads the prompt and writes one token.
  MixContender(const Models& models, const ContenderSetup& setup, const ContenderText& text,
               const Context& context);

  /// Writes the next token.
  void measure();

  const ContenderSetup& setup() const { return setup_; }
  std::size_t experts() const { return models_.size(); }
  /// Of a token: the median and the mean, and what of it is not the experts' passes.
  double seconds() const;
  double mean_seconds() const;
  double mixing_seconds() const;
  /// Mean seconds of a step that reading the weights, or multiplying the rows that were caught up,
  /// takes: whichever is longer, expert by expert.
  double limit(double read_rate, double flop_rate) const;
  /// Mean passes of a step, all experts together.
  double passes() const;

 private:
  void step();
  void mix_again();
  std::vector<std::size_t> read_tokens() const { return text_->stream().read_tokens(); }

  ContenderSetup setup_;
  Models models_;
  std::unique_ptr<mix::Engine> engine_;
  std::unique_ptr<mix::Generation> text_;
  std::vector<double> seconds_, mixing_;
  std::vector<std::vector<float>> rows_;
  std::vector<float> mixed_;
  std::vector<std::vector<std::size_t>> batches_;  // of each step, tokens that each expert read
};

}  // namespace mod::cli
