#include "eval/divergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mod/error.h"

namespace mod::eval {
namespace {

using mix::Token;

/// What the base predicts after some tokens of a window, until the model has read them too.
class Kept {
 public:
  explicit Kept(std::size_t vocabulary) : vocabulary_(vocabulary) {}

  void clear() { first_ = 0, scores_.clear(), totals_.clear(); }
  void add(std::size_t position, const mix::Prediction& prediction) {
    if (totals_.empty()) first_ = position;
    scores_.insert(scores_.end(), prediction.scores.begin(), prediction.scores.end());
    totals_.push_back(prediction.log_total);
  }
  mix::Prediction at(std::size_t position) const {
    const std::size_t i = position - first_;
    mix::Prediction out;
    out.scores = std::span(scores_).subspan(i * vocabulary_, vocabulary_);
    out.log_total = totals_[i];
    return out;
  }

 private:
  std::size_t vocabulary_, first_ = 0;
  std::vector<float> scores_;
  std::vector<double> totals_;
};

/// Both read a window in turns, some tokens at a time.
std::vector<TokenComparison> compare_window(mix::Engine& model, mix::Engine& base,
                                            const Window& window, std::size_t bytes) {
  const std::size_t row = base.vocabulary() * sizeof(float);
  const std::size_t most = std::max<std::size_t>(bytes / row, 1);
  mix::Stream text = model.start(), base_text = base.start();
  Kept kept(base.vocabulary());
  std::vector<TokenComparison> out;
  const std::span<const Token> input(window.input);
  for (std::size_t next = 0; next < input.size(); next += most) {
    const auto piece = input.subspan(next, std::min(most, input.size() - next));
    kept.clear();
    base.score(base_text, piece, [&](std::size_t at, const mix::Prediction& prediction) {
      if (window.counts(at)) kept.add(at, prediction);
    });
    model.score(text, piece, [&](std::size_t at, const mix::Prediction& prediction) {
      if (window.counts(at)) out.push_back(compare(prediction, kept.at(at), window.targets[at]));
    });
  }
  return out;
}

/// What the model gives to the tokens that both know.
double share_of_shared(const mix::Prediction& model, const mix::Prediction& base,
                       std::size_t width) {
  double share = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!std::isinf(base.scores[i])) share += std::exp(model.logprob(static_cast<Token>(i)));
  }
  return share;
}

}  // namespace

TokenComparison compare(const mix::Prediction& model, const mix::Prediction& base, Token token) {
  const std::size_t width = std::min(model.scores.size(), base.scores.size());
  if (static_cast<std::size_t>(token) >= width || std::isinf(model.logprob(token)) ||
      std::isinf(base.logprob(token))) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("token {} of the text is not known to both models", token));
  }
  double sum = 0, base_share = 0;
  float most = -std::numeric_limits<float>::infinity(), base_most = most;
  std::size_t top = 0, base_top = 0, shared = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const float score = model.scores[i], base_score = base.scores[i];
    if (std::isinf(score) || std::isinf(base_score)) continue;
    ++shared;
    const double base_logp = static_cast<double>(base_score) - base.log_total;
    const double p = std::exp(base_logp);
    base_share += p;
    sum += p * (base_logp - (static_cast<double>(score) - model.log_total));
    if (score > most) most = score, top = i;
    if (base_score > base_most) base_most = base_score, base_top = i;
  }
  const bool all = shared == model.scores.size();
  const double log_share = all ? 0 : std::log(share_of_shared(model, base, width));
  TokenComparison out;
  out.nll = -model.logprob(token);
  out.base_nll = -base.logprob(token);
  // Not below 0 but for rounding.
  out.kl = std::max(0.0, sum / base_share - std::log(base_share) + log_share);
  out.same_top = top == base_top;
  return out;
}

Divergence measure_divergence(mix::Engine& model, mix::Engine& base, std::span<const Token> ids,
                              const PerplexityOptions& options, const ComparedWindow& done,
                              std::size_t bytes) {
  const std::size_t context = std::min(model.longest_text(), base.longest_text());
  std::vector<TokenComparison> all;
  for (const Window& window : cut_text(ids, options, context).all) {
    const std::vector<TokenComparison> tokens = compare_window(model, base, window, bytes);
    all.insert(all.end(), tokens.begin(), tokens.end());
    if (done) done(tokens);
  }
  return summarize(all);
}

}  // namespace mod::eval
