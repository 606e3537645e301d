// Statistics of the tables: error of an accuracy, paired tests between two systems on the same
// items, perplexity. Pure; double precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mod::eval {

struct Interval {
  double low = 0, high = 0;
};

/// Of ascending values, at least one; linear between the two nearest. 0 <= share <= 1.
double percentile(std::span<const double> sorted, double share);

/// sqrt(p(1-p)/(n-1)); 0 for fewer than two items.
double accuracy_error(std::size_t right, std::size_t n);

/// Wilson's interval for right of n (1927), printed at 0 % and 100 %; [0, 1] without items.
Interval wilson_interval(std::size_t right, std::size_t n, double z = 1.959963984540054);

/// Exact two-sided McNemar p: `only_a` items that only A has right, `only_b` only B.
double mcnemar_p(std::uint64_t only_a, std::uint64_t only_b);

struct Bootstrap {
  double difference = 0;  // mean of a - mean of b on the items themselves
  Interval interval;      // 2.5 and 97.5 percentiles
  double p = 1;           // two-sided: 2 min(share <= 0, share >= 0), at most 1
};

/// Paired bootstrap over items: the same draws for both systems, from (seed, round, draw) only.
/// Throws Error(kInvalidInput) for no items, unequal numbers of them, or no rounds.
Bootstrap paired_bootstrap(std::span<const double> a, std::span<const double> b, std::uint64_t seed,
                           std::size_t rounds = 10000);

/// Standard error of a mean, sample standard deviation / sqrt(n); 0 for fewer than two values.
double mean_error(std::span<const double> values);

struct Perplexity {
  double value = 0, error = 0;
};

/// exp(mean) of negative log-likelihoods (nats) of the scored tokens, with llama.cpp's error:
/// PPL sqrt((E[x^2] - E[x]^2) / (n - 1)). Throws Error(kInvalidInput) without values.
Perplexity perplexity(std::span<const double> nll);

}  // namespace mod::eval
