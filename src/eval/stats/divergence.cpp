#include "eval/stats/divergence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "eval/stats/stats.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using Values = std::vector<double>;

double mean(const Values& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// Of two means: the sum of products of deviations / n / (n - 1).
double covariance_of_means(const Values& a, const Values& b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  const auto n = static_cast<double>(a.size());
  return sum / n / (n - 1);
}

Estimate mean_of(const Values& values) { return {mean(values), mean_error(values)}; }

Spread spread_of(Values values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) { return percentile(values, share); };
  return {at(1),   at(.999), at(.99), at(.95), at(.9),   at(.75), at(.5),
          at(.25), at(.1),   at(.05), at(.01), at(.001), at(0)};
}

void compare_perplexities(const Values& nll, const Values& base, Divergence& out) {
  const Estimate log_ppl = mean_of(nll), log_base = mean_of(base);
  const double covariance = covariance_of_means(nll, base);
  const double ppl = std::exp(log_ppl.value), ppl_base = std::exp(log_base.value);
  out.ppl = {ppl, ppl * log_ppl.error};
  out.base_ppl = {ppl_base, ppl_base * log_base.error};
  out.correlation = covariance / (log_ppl.error * log_base.error);
  // The variance of a difference; rounding must not make it negative where the models are equal.
  const auto error = [&](double a, double b, double ab) {
    return std::sqrt(std::max(0.0, a * a + b * b - 2 * ab));
  };
  out.log_ratio = {log_ppl.value - log_base.value,
                   error(log_ppl.error, log_base.error, covariance)};
  const double ratio = std::exp(out.log_ratio.value);
  out.ratio = {ratio, ratio * out.log_ratio.error};
  out.difference = {ppl - ppl_base,
                    error(out.ppl.error, out.base_ppl.error, ppl * ppl_base * covariance)};
}

void compare_probabilities(const Values& change, Divergence& out) {
  out.change = mean_of(change);
  out.change_spread = spread_of(change);
  Values squares;
  for (const double c : change) squares.push_back(c * c);
  const Estimate square = mean_of(squares);
  const double rms = std::sqrt(square.value);
  out.rms_change = {rms, rms > 0 ? square.error / (2 * rms) : 0};
}

}  // namespace

double TokenComparison::probability_change() const { return std::exp(-nll) - std::exp(-base_nll); }

Divergence summarize(std::span<const TokenComparison> tokens) {
  if (tokens.size() < 2) {
    throw Error(ErrorCode::kInvalidInput,
                "the text is too short: fewer than two tokens to compare");
  }
  Values nll, base, kl, change, same;
  for (const TokenComparison& token : tokens) {
    nll.push_back(token.nll);
    base.push_back(token.base_nll);
    kl.push_back(token.kl);
    change.push_back(token.probability_change());
    same.push_back(token.same_top ? 1 : 0);
  }
  Divergence out;
  out.tokens = tokens.size();
  compare_perplexities(nll, base, out);
  out.kl = mean_of(kl);
  out.kl_spread = spread_of(kl);
  compare_probabilities(change, out);
  out.same_top = mean_of(same);
  return out;
}

}  // namespace mod::eval
