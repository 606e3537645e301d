// Chooses the tokens of one text. Same seed and same predictions give the same tokens: the draw for
// a token depends on the seed and the token's place in the answer only.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "cpu/context.h"
#include "mix/sampling.h"

namespace mod::mix {

/// Not thread-safe; one a text.
class Sampler {
 public:
  /// `options` went through check_sampling.
  Sampler(SamplingOptions options, const Context& context);

  const SamplingOptions& options() const { return options_; }

  /// Tokens before the answer; they count for the repetition penalty.
  void see_prompt(std::span<const Token> tokens);

  /// The next token, which then counts for the penalties. Of equal scores the lowest id comes
  /// first. Throws Error(kCorruptFile) if no score is a number.
  Token choose(const Prediction& prediction);

  /// Counts a token that was chosen elsewhere as part of the answer.
  void see(Token token);

 private:
  struct Candidate {
    float score;
    Token token;
    double share;  // of the most probable one's probability
  };
  struct Counts {
    std::uint32_t prompt = 0, answer = 0;
  };

  std::span<const float> changed(std::span<const float> scores);
  Token draw(std::span<const float> scores);
  void collect(std::span<const float> scores);
  void sort_front(std::size_t from, std::size_t to);
  void keep_top_p();
  double uniform();

  /// The best score's token; -1 if none is a number.
  Token most_probable(std::span<const float> scores) const;

  SamplingOptions options_;
  Context context_;
  RandomKey key_;
  std::uint64_t drawn_ = 0;
  std::unordered_map<Token, Counts> counts_;
  std::vector<float> scores_;  // with bias and penalties
  std::vector<Candidate> candidates_;
};

}  // namespace mod::mix
