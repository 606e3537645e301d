#include "mix/fit/fit_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mix/fit/rows_objective.h"

namespace mod::mix {
namespace {

constexpr double kEqual = 0.02;    // weights that differ by less are equal for people
constexpr double kNoGain = 0.001;  // nats a token
constexpr double kSomeTexts = 0.05;

void warn_useless(FitResult& result) {
  for (const ExpertFit& expert : result.experts) {
    const bool weights = result.target == FitTarget::kWeights;
    const auto share = weights ? expert.weight : expert.responsibility;
    if (!share || *share >= kUselessWeight || result.experts.size() < 2) continue;
    result.warnings.push_back(fmt::format(
        "expert {} is useless on this data: {} {:.4f}, below {}; the mixture is as good without "
        "it, and faster",
        expert.name, weights ? "its weight is" : "its share in the tokens' probability is", *share,
        kUselessWeight));
    if (!weights ||
        static_cast<double>(expert.best_of) < kSomeTexts * static_cast<double>(result.texts)) {
      continue;
    }
    // One weight for all texts cannot use a skill that few tokens need.
    result.warnings.back() += fmt::format(
        ". But alone it predicts {} of {} texts best: a gate that follows the text (turn, share) "
        "would use it",
        expert.best_of, result.texts);
  }
}

void warn_exponents(FitResult& result) {
  for (const ExpertFit& expert : result.experts) {
    if (std::abs(*expert.weight) < kUselessWeight) {
      result.warnings.push_back(fmt::format(
          "expert {} is useless on this data: its exponent {:.4f} is nearly 0; the mixture is as "
          "good without it, and faster",
          expert.name, *expert.weight));
    } else if (*expert.weight < 0) {
      result.warnings.push_back(
          fmt::format("expert {} has the negative exponent {:.4g}: the data wants less of what it "
                      "would say",
                      expert.name, *expert.weight));
    }
  }
}

void warn_equal(FitResult& result) {
  double least = INFINITY, most = -INFINITY;
  for (const ExpertFit& expert : result.experts) {
    least = std::min(least, *expert.weight);
    most = std::max(most, *expert.weight);
  }
  if (result.experts.size() < 2 || most - least >= kEqual) return;
  result.warnings.push_back(
      "the weights are nearly equal: on this data no expert is better than another, or the data "
      "mixes all their skills evenly; a gate that follows the text (turn, share) may be better");
}

void warn_limits(FitResult& result) {
  if (result.parameter && result.parameter->at_limit) {
    const ParameterFit& p = *result.parameter;
    const bool rate = p.name == "rate";
    const bool low = p.after < 1;
    const char* why =
        rate ? (low ? "the texts never change their expert; chats that change their "
                      "subject want a larger one, as 0.01"
                    : "every token stands for itself")
             : (low ? "the experts' sums are trusted as they are: one expert takes all"
                    : "what the gate hears tells nothing about the answers: fixed weights are as "
                      "good");
    result.warnings.push_back(
        fmt::format("{} = {:.4g} is the end of what was searched: {}", p.name, p.after, why));
  }
  for (const ExpertFit& expert : result.experts) {
    const double t = expert.temperature;
    if (t > kLeastTemperature * 1.01 && t < kMostTemperature / 1.01) continue;
    if (t == expert.temperature_before) continue;
    result.warnings.push_back(fmt::format(
        "the temperature {:.4g} of {} is the end of what was searched: the expert {}", t,
        expert.name, t < 1 ? "is far too unsure of this data" : "knows nothing of this data"));
  }
}

void warn_no_gain(FitResult& result) {
  const auto best = std::max_element(
      result.experts.begin(), result.experts.end(),
      [](const ExpertFit& a, const ExpertFit& b) { return a.log_likelihood < b.log_likelihood; });
  if (result.experts.size() < 2 || result.after > best->log_likelihood + kNoGain) return;
  result.warnings.push_back(fmt::format(
      "the mixture predicts this data no better than {} alone ({:.4f} against {:.4f} nats a token)",
      best->name, result.after, best->log_likelihood));
}

}  // namespace

void warn_about(FitResult& result) {
  if (result.target == FitTarget::kExponents) {
    warn_exponents(result);
  } else {
    warn_useless(result);
  }
  if (result.target == FitTarget::kWeights) {
    warn_equal(result);
    if (result.units < 2) {
      result.warnings.push_back("one text gives no interval for the weights: give several");
    }
  }
  warn_limits(result);
  warn_no_gain(result);
}

}  // namespace mod::mix
