#include "eval/stats/stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

// Mean of `values` at items drawn with replacement.
double resampled_mean(std::span<const double> values, RandomKey key, std::uint32_t round) {
  double sum = 0;
  const auto n = static_cast<std::uint64_t>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t word = random_word(key, i, round, RandomPurpose::kSelect);
    sum += values[(word * n) >> 32];
  }
  return sum / static_cast<double>(n);
}

}  // namespace

double percentile(std::span<const double> sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

double accuracy_error(std::size_t right, std::size_t n) {
  if (n < 2) return 0;
  const double p = static_cast<double>(right) / static_cast<double>(n);
  return std::sqrt(p * (1 - p) / static_cast<double>(n - 1));
}

Interval wilson_interval(std::size_t right, std::size_t n, double z) {
  if (n == 0) return {0, 1};
  const double items = static_cast<double>(n), p = static_cast<double>(right) / items;
  const double scale = 1 + z * z / items, centre = (p + z * z / (2 * items)) / scale;
  const double half = z * std::sqrt(p * (1 - p) / items + z * z / (4 * items * items)) / scale;
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double mcnemar_p(std::uint64_t only_a, std::uint64_t only_b) {
  if (only_a == only_b) return 1;
  const double n = static_cast<double>(only_a + only_b);
  double sum = 0;
  for (std::uint64_t i = std::min(only_a, only_b) + 1; i-- > 0;) {
    const double term = std::exp(log_choose(n, static_cast<double>(i)) - n * std::log(2.0));
    sum += term;
    if (term < sum * 1e-18) break;  // terms fall towards zero: the rest adds nothing
  }
  return std::min(1.0, 2 * sum);
}

Bootstrap paired_bootstrap(std::span<const double> a, std::span<const double> b, std::uint64_t seed,
                           std::size_t rounds) {
  if (a.empty() || a.size() != b.size() || rounds == 0 || a.size() > UINT32_MAX) {
    throw Error(ErrorCode::kInvalidInput,
                "paired bootstrap: both systems need a score for each of the same items");
  }
  std::vector<double> difference(a.size());
  std::transform(a.begin(), a.end(), b.begin(), difference.begin(), std::minus<>());
  const RandomKey key = random_key(seed, "paired bootstrap");
  std::vector<double> means(rounds);
  for (std::size_t i = 0; i < rounds; ++i) {
    means[i] = resampled_mean(difference, key, static_cast<std::uint32_t>(i));
  }
  std::sort(means.begin(), means.end());
  const auto below = std::upper_bound(means.begin(), means.end(), 0.0) - means.begin();
  const auto above = means.end() - std::lower_bound(means.begin(), means.end(), 0.0);
  const double share = static_cast<double>(std::min(below, above)) / static_cast<double>(rounds);
  return {mean(difference),
          {percentile(means, 0.025), percentile(means, 0.975)},
          std::min(1.0, 2 * share)};
}

double mean_error(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double centre = mean(values);
  double sum = 0;
  for (double value : values) sum += (value - centre) * (value - centre);
  const double n = static_cast<double>(values.size());
  return std::sqrt(sum / (n - 1) / n);
}

Perplexity perplexity(std::span<const double> nll) {
  if (nll.empty()) {
    throw Error(ErrorCode::kInvalidInput, "perplexity: no token was scored; the text is too short");
  }
  // (E[x^2] - E[x]^2) / (n - 1) is the square of the mean's standard error.
  const double value = std::exp(mean(nll));
  return {value, value * mean_error(nll)};
}

}  // namespace mod::eval
