#include "eval/choices.h"

#include <algorithm>
#include <numeric>

namespace mod::eval {
namespace {

using mix::Token;

std::size_t shared(std::span<const Token> a, std::span<const Token> b) {
  const auto [at, ignored] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(at - a.begin());
}

/// One choice: which of its tokens' log-probabilities are known. Those from `context` on are
/// wanted; each becomes known with the prediction after the token before it.
struct Scored {
  const ChoicePrompt& choice;
  std::vector<double> logprobs = std::vector<double>(choice.ids.size() - choice.context);
  std::size_t known = 0;

  bool is_done() const { return known == logprobs.size(); }
  /// The position whose prediction is wanted next.
  std::size_t next() const { return choice.context + known - 1; }
};

}  // namespace

ChoiceScores score_choices(mix::Engine& engine, mix::Stream& stream,
                           std::span<const ChoicePrompt> choices) {
  std::vector<Scored> all;
  for (const ChoicePrompt& choice : choices) all.push_back({choice});
  ChoiceScores result;
  for (const Scored& one : all) {
    if (one.is_done()) continue;
    // The last token is predicted and never read.
    const std::span<const Token> ids(one.choice.ids.data(), one.choice.ids.size() - 1);
    // Up to where the stream can stay as it is: the next wanted position has to be read again.
    // A gate has to hear a text from its beginning.
    const bool again = engine.mixture().gate->hears.any();
    const std::size_t start = again ? 0 : std::min(shared(stream.tokens(), ids), one.next());
    if (again) stream = engine.start();
    stream.truncate(start);
    std::vector<std::size_t> same;  // tokens that each choice shares with this one
    for (const Scored& other : all) same.push_back(shared(ids, other.choice.ids));
    engine.score(stream, ids.subspan(start), [&](std::size_t position, const mix::Prediction& p) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        Scored& other = all[i];
        if (other.is_done() || other.next() != position || same[i] <= position) continue;
        other.logprobs[other.known++] = p.logprob(other.choice.ids[position + 1]);
      }
    });
    result.evaluated += ids.size() - start;
  }
  for (const Scored& one : all) {
    result.logprobs.push_back(std::accumulate(one.logprobs.begin(), one.logprobs.end(), 0.0));
  }
  return result;
}

std::size_t best_choice(std::span<const double> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace mod::eval
