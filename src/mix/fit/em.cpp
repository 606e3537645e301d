#include "mix/fit/em.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "cpu/parallel.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Probabilities relative to the best expert of each token, and how often the token counts.
struct Relative {
  std::vector<double> g;       // tokens x experts, the largest of a token is 1
  std::vector<double> offset;  // ln of what was divided by
  std::vector<double> count;   // of each token
  double total = 0;            // sum of counts
  std::size_t experts = 0;
};

Relative relative_of(const TokenScores& scores, std::size_t& impossible) {
  Relative r;
  r.experts = scores.experts;
  for (std::size_t t = 0; t < scores.tokens(); ++t) {
    const auto token = scores.token(t);
    double most = -kInf;
    for (const double l : token) {
      if (std::isnan(l) || l == kInf) {
        throw Error(ErrorCode::kInvalidInput,
                    fmt::format("token {}: a log-probability is {}", t, l));
      }
      most = std::max(most, l);
    }
    if (most == -kInf) {
      ++impossible;
      continue;
    }
    for (const double l : token) r.g.push_back(std::exp(l - most));
    r.offset.push_back(most);
  }
  r.count.assign(r.offset.size(), 1);
  r.total = static_cast<double>(r.offset.size());
  return r;
}

/// A number below `count`, from the seed and a running number alone.
std::size_t uniform_index(std::uint64_t seed, std::uint64_t draw, std::size_t count) {
  const std::uint64_t word = splitmix64(splitmix64(seed) ^ splitmix64(~draw));
  // The upper half of the product: its bias, below count / 2^64, is not worth a rejection loop.
  const std::uint64_t high = (word >> 32) * count + (((word & 0xffffffff) * count) >> 32);
  return static_cast<std::size_t>(high >> 32);
}

/// One step of EM in place; returns the log-likelihood (sum over tokens) before it.
double step(const Relative& r, std::span<const double> dirichlet, std::vector<double>& weights) {
  std::vector<double> sums(r.experts, 0);
  double likelihood = 0;
  for (std::size_t t = 0; t < r.offset.size(); ++t) {
    if (r.count[t] == 0) continue;
    const double* g = r.g.data() + t * r.experts;
    double p = 0;
    for (std::size_t k = 0; k < r.experts; ++k) p += weights[k] * g[k];
    likelihood += r.count[t] * (std::log(p) + r.offset[t]);
    if (p == 0) continue;  // only experts of weight 0 permit it
    for (std::size_t k = 0; k < r.experts; ++k) sums[k] += r.count[t] * weights[k] * g[k] / p;
  }
  double total = 0;
  for (std::size_t k = 0; k < r.experts; ++k) {
    if (!dirichlet.empty() && weights[k] > 0) sums[k] += dirichlet[k] - 1;
    total += sums[k];
  }
  for (std::size_t k = 0; total > 0 && k < r.experts; ++k) weights[k] = sums[k] / total;
  return likelihood;
}

double log_prior_of(std::span<const double> dirichlet, std::span<const double> weights) {
  double sum = 0;
  for (std::size_t k = 0; k < dirichlet.size(); ++k) {
    if (dirichlet[k] > 1 && weights[k] > 0) sum += (dirichlet[k] - 1) * std::log(weights[k]);
  }
  return sum;
}

std::vector<double> start_of(const EmOptions& options, std::size_t experts) {
  if (options.start.empty()) {
    return std::vector<double>(experts, 1 / static_cast<double>(experts));
  }
  double sum = 0;
  for (const double w : options.start) sum += w >= 0 ? w : NAN;
  if (options.start.size() != experts || !(sum > 0) || sum == kInf) {
    throw Error(ErrorCode::kInvalidInput, "EM starts from one weight an expert, from 0 on");
  }
  std::vector<double> weights;
  for (const double w : options.start) weights.push_back(w / sum);
  return weights;
}

EmResult run(const Relative& r, const EmOptions& options) {
  EmResult result;
  result.weights = start_of(options, r.experts);
  for (int i = 0; i < options.most_iterations && !result.converged; ++i) {
    const double prior = log_prior_of(options.dirichlet, result.weights);
    const double likelihood = step(r, options.dirichlet, result.weights);
    result.objective.push_back((likelihood + prior) / r.total);
    const std::size_t n = result.objective.size();
    result.converged =
        n > 1 && result.objective[n - 1] - result.objective[n - 2] <= options.tolerance;
  }
  std::vector<double> scratch = result.weights;
  const double likelihood = step(r, options.dirichlet, scratch);
  result.mean_log_likelihood = likelihood / r.total;
  result.objective.push_back((likelihood + log_prior_of(options.dirichlet, result.weights)) /
                             r.total);
  return result;
}

Relative checked(const TokenScores& scores, const EmOptions& options, std::size_t& impossible) {
  if (scores.experts == 0 || scores.logprobs.size() % scores.experts != 0) {
    throw Error(ErrorCode::kInternal, "EM: the scores are no table of tokens and experts");
  }
  for (const double a : options.dirichlet) {
    if (options.dirichlet.size() != scores.experts || !(a >= 1) || a == kInf) {
      throw Error(ErrorCode::kInvalidInput, "a Dirichlet prior is one number from 1 on an expert");
    }
  }
  Relative r = relative_of(scores, impossible);
  if (r.offset.empty()) {
    throw Error(ErrorCode::kInvalidInput, "no token to fit weights to: the data is empty");
  }
  return r;
}

}  // namespace

EmResult fit_weights(const TokenScores& scores, const EmOptions& options) {
  std::size_t impossible = 0;
  EmResult result = run(checked(scores, options, impossible), options);
  result.impossible = impossible;
  return result;
}

double mean_log_likelihood(const TokenScores& scores, std::span<const double> weights) {
  double sum = 0;
  for (std::size_t t = 0; t < scores.tokens(); ++t) {
    const auto token = scores.token(t);
    const double most = *std::max_element(token.begin(), token.end());
    double p = 0;
    for (std::size_t k = 0; k < token.size(); ++k) {
      if (weights[k] != 0) p += weights[k] * std::exp(token[k] - (most == -kInf ? 0 : most));
    }
    sum += std::log(p) + (most == -kInf ? 0 : most);
  }
  return sum / static_cast<double>(scores.tokens());
}

std::vector<Interval> bootstrap_weights(const TokenScores& scores,
                                        std::span<const std::size_t> texts, const EmOptions& em,
                                        const BootstrapOptions& options, const Context& context) {
  std::size_t impossible = 0;
  const Relative all = checked(scores, em, impossible);
  // With impossible tokens left out, the places of the rest no longer fit `texts`: number them.
  std::vector<std::size_t> text_of;
  std::size_t text = 0;
  for (std::size_t t = 0; t < scores.tokens(); ++t) {
    if (texts.empty()) {
      text = t;
    } else {
      while (text + 1 < texts.size() && texts[text + 1] <= t) ++text;
    }
    const auto token = scores.token(t);
    if (*std::max_element(token.begin(), token.end()) > -kInf) text_of.push_back(text);
  }
  const std::size_t count = texts.empty() ? scores.tokens() : texts.size();
  const auto resamples = static_cast<std::size_t>(std::max(1, options.resamples));
  std::vector<std::vector<double>> found(resamples);
  cpu::parallel_for(context.threads, resamples, 1, [&](std::size_t first, std::size_t last) {
    Relative drawn = all;
    for (std::size_t s = first; s < last; ++s) {
      std::vector<double> times(count, 0);
      for (std::size_t i = 0; i < count; ++i) {
        times[uniform_index(options.seed, s * count + i, count)] += 1;
      }
      drawn.total = 0;
      for (std::size_t t = 0; t < text_of.size(); ++t) {
        drawn.total += drawn.count[t] = times[text_of[t]];
      }
      found[s] = drawn.total > 0 ? run(drawn, em).weights : start_of(em, all.experts);
    }
  });
  std::vector<Interval> intervals;
  for (std::size_t k = 0; k < all.experts; ++k) {
    std::vector<double> values;
    for (const auto& weights : found) values.push_back(weights[k]);
    std::sort(values.begin(), values.end());
    const double tail = (1 - options.level) / 2 * static_cast<double>(resamples - 1);
    const auto low = static_cast<std::size_t>(std::floor(tail));
    intervals.push_back({values[low], values[resamples - 1 - low]});
  }
  return intervals;
}

}  // namespace mod::mix
