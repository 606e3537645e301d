#include "mix/credits.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mix/blend.h"
#include "mix/rows.h"
#include "mix/rules/means.h"

namespace mod::mix {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// NaN for all where some expert that has a say was not evaluated.
void add_responsibilities(const Mixture& mixture, Credits& out) {
  std::vector<double> weights, logprobs;
  bool known = true;
  for (const TokenExpert& expert : out.experts) {
    weights.push_back(expert.weight);
    logprobs.push_back(expert.evaluated ? expert.logprob : -kInf);
    known = known && (expert.evaluated || expert.weight == 0);
  }
  const std::vector<double> shares =
      known ? attribute_token(mixture, weights, logprobs)
            : std::vector<double>(weights.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t k = 0; k < shares.size(); ++k) out.experts[k].responsibility = shares[k];
}

double disagreement(const Prediction& prediction, const Context& context) {
  std::vector<std::vector<float>> rows;
  std::vector<const float*> pointers;
  std::vector<double> entropies;
  for (const Opinion& opinion : prediction.experts) {
    if (!opinion.is_known()) continue;
    rows.emplace_back(opinion.scores.size());
    entropies.push_back(log_softmax(opinion.scores, 1, rows.back(), context).entropy);
  }
  if (rows.size() < 2) return 0;
  for (const auto& row : rows) pointers.push_back(row.data());
  const std::vector<double> shares(rows.size(), 1.0 / static_cast<double>(rows.size()));
  const std::vector<double> logs(rows.size(), -std::log(static_cast<double>(rows.size())));
  std::vector<float> mixed(rows.front().size());
  power_mean(1, logs, pointers, mixed, context);
  return jensen_shannon(summarise(mixed, 1, context).entropy, entropies, shares);
}

}  // namespace

std::vector<Candidate> best_candidates(std::span<const float> scores, double log_total,
                                       std::size_t count) {
  std::vector<Candidate> best;  // sorted
  const auto before = [](const Candidate& a, const Candidate& b) { return a.logprob > b.logprob; };
  for (std::size_t id = 0; count > 0 && id < scores.size(); ++id) {
    const Candidate one{static_cast<Token>(id), static_cast<double>(scores[id]) - log_total};
    if (!(one.logprob > -kInf)) continue;
    if (best.size() == count && !before(one, best.back())) continue;
    if (best.size() == count) best.pop_back();
    best.insert(std::upper_bound(best.begin(), best.end(), one, before), one);
  }
  return best;
}

Credits credit(const Mixture& mixture, const Prediction& prediction, Token token,
               const CreditOptions& options, const Context& context) {
  Credits out;
  double most = -kInf, heaviest = -kInf;
  std::size_t heavy = 0;
  for (std::size_t k = 0; k < prediction.experts.size(); ++k) {
    const Opinion& opinion = prediction.experts[k];
    TokenExpert expert;
    expert.evaluated = opinion.is_known();
    expert.weight = opinion.weight;
    if (expert.evaluated) {
      expert.logprob = opinion.logprob(token);
      expert.rank = rank_of(opinion.scores, static_cast<std::size_t>(token), context);
      expert.best = best_candidates(opinion.scores, opinion.log_total, options.candidates);
      if (expert.logprob > most && opinion.weight != 0) most = expert.logprob, out.leader = k;
      if (opinion.weight > heaviest) heaviest = opinion.weight, heavy = k;
    }
    out.experts.push_back(std::move(expert));
  }
  add_responsibilities(mixture, out);
  out.best = best_candidates(prediction.scores, prediction.log_total, options.candidates);
  if (mixture.mode.kind != ModeKind::kDraw && !prediction.experts.empty() &&
      prediction.experts[heavy].is_known()) {
    out.changed = best_token(prediction.experts[heavy].scores, context) !=
                  best_token(prediction.scores, context);
  }
  if (options.disagreement) out.disagreement = disagreement(prediction, context);
  return out;
}

}  // namespace mod::mix
