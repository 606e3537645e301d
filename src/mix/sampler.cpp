#include "mix/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mix/rows.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr std::string_view kTokenStream = "token";
constexpr float kMasked = -std::numeric_limits<float>::infinity();
/// Tokens with exp(-this) of the most probable one's share are left out: all of a vocabulary of a
/// million together have less than a draw of 53 bits can tell from nothing.
constexpr double kDrawable = 52;

[[noreturn]] void fail_without_numbers() {
  throw Error(
      ErrorCode::kCorruptFile,
      "the model predicts no token: its logits are not numbers; `mod inspect` shows whether "
      "its weights hold NaN or infinities");
}

}  // namespace

Sampler::Sampler(SamplingOptions options, const Context& context)
    : options_(std::move(options)),
      context_(context),
      key_(random_key(options_.seed, kTokenStream)) {}

Token Sampler::most_probable(std::span<const float> scores) const {
  const std::size_t best = best_token(scores, context_);
  return best < scores.size() && scores[best] > kMasked ? static_cast<Token>(best) : -1;
}

void Sampler::see_prompt(std::span<const Token> tokens) {
  if (options_.repetition_penalty == 1) return;
  for (const Token token : tokens) ++counts_[token].prompt;
}

void Sampler::see(Token token) { ++counts_[token].answer; }

Token Sampler::choose(const Prediction& prediction) {
  const std::span<const float> scores = changed(prediction.scores);
  const Token token = options_.is_greedy() ? most_probable(scores) : draw(scores);
  if (token < 0) fail_without_numbers();
  see(token);
  return token;
}

std::span<const float> Sampler::changed(std::span<const float> scores) {
  const bool penalised = options_.repetition_penalty != 1 || options_.frequency_penalty != 0 ||
                         options_.presence_penalty != 0;
  if (!penalised && options_.logit_bias.empty()) return scores;
  scores_.assign(scores.begin(), scores.end());
  for (const auto& [token, bias] : options_.logit_bias) {
    scores_[static_cast<std::size_t>(token)] += static_cast<float>(bias);
  }
  if (!penalised) return scores_;
  const auto repetition = static_cast<float>(options_.repetition_penalty);
  for (const auto& [token, count] : counts_) {
    if (static_cast<std::size_t>(token) >= scores_.size()) continue;
    float& score = scores_[static_cast<std::size_t>(token)];
    score = score > 0 ? score / repetition : score * repetition;
    if (count.answer == 0) continue;
    score -=
        static_cast<float>(options_.frequency_penalty * count.answer + options_.presence_penalty);
  }
  return scores_;
}

void Sampler::collect(std::span<const float> scores) {
  candidates_.clear();
  const Token best = most_probable(scores);
  if (best < 0) return;
  const double highest = scores[static_cast<std::size_t>(best)];
  const auto least = static_cast<float>(highest - kDrawable * options_.temperature);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] >= least) || scores[i] == kMasked) continue;
    const double share = std::exp((scores[i] - highest) / options_.temperature);
    candidates_.push_back({scores[i], static_cast<Token>(i), share});
  }
}

// Sorting a vocabulary of 152,000 costs as much as evaluating a small model: only the front is
// sorted, as far as it is needed.
void Sampler::sort_front(std::size_t from, std::size_t to) {
  const auto at = [&](std::size_t i) {
    return candidates_.begin() + static_cast<std::ptrdiff_t>(i);
  };
  const auto before = [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.token < b.token;
  };
  if (to < candidates_.size()) std::nth_element(at(from), at(to), candidates_.end(), before);
  std::sort(at(from), at(to), before);
}

void Sampler::keep_top_p() {
  double total = 0;
  for (const Candidate& c : candidates_) total += c.share;
  double reached = 0;
  std::size_t sorted = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (i == sorted) {
      sorted = std::min(candidates_.size(), std::max<std::size_t>(64, 8 * i));
      sort_front(i, sorted);
    }
    reached += candidates_[i].share;
    if (reached < options_.top_p * total) continue;
    candidates_.resize(i + 1);
    return;
  }
}

Token Sampler::draw(std::span<const float> scores) {
  collect(scores);
  if (candidates_.empty()) return -1;
  const auto top_k = static_cast<std::size_t>(options_.top_k);
  if (top_k > 0 && top_k < candidates_.size()) {
    sort_front(0, top_k);
    candidates_.resize(top_k);
  }
  if (options_.top_p < 1) keep_top_p();
  std::erase_if(candidates_, [&](const Candidate& c) { return c.share < options_.min_p; });
  double total = 0;
  for (const Candidate& c : candidates_) total += c.share;
  const double target = uniform() * total;
  double reached = 0;
  for (const Candidate& c : candidates_) {
    reached += c.share;
    if (target < reached) return c.token;
  }
  return candidates_.back().token;
}

double Sampler::uniform() {
  const auto words =
      philox4x32({static_cast<std::uint32_t>(drawn_), static_cast<std::uint32_t>(drawn_ >> 32), 0,
                  static_cast<std::uint32_t>(RandomPurpose::kToken)},
                 key_);
  ++drawn_;
  const std::uint64_t bits = (std::uint64_t{words[0]} << 21) ^ (words[1] >> 11);
  return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace mod::mix
