// Work on whole rows of a vocabulary: logits to log-probabilities, normalising, choosing. A row is
// cut into pieces of kPiece numbers whatever the number of threads, and sums are joined in the
// order of the pieces in fp64: no bit depends on threads. All functions are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cpu/context.h"

namespace mod::mix {

/// Numbers of a piece: 16 KiB, which stay in the nearest cache between two passes.
inline constexpr std::size_t kPiece = 4096;

/// What is known of softmax(x / T) without looking at the row again.
struct RowSummary {
  float most = 0;      // the largest x / T
  double log_sum = 0;  // ln sum e^(x/T - most), so that ln p = x/T - most - log_sum
  double entropy = 0;  // nats

  double log_sum_exp() const { return most + log_sum; }
  /// ln of the largest probability.
  double log_largest() const { return -log_sum; }
};

/// out = ln softmax(logits / temperature); out may be logits itself. -inf (a masked token) stays
/// -inf. A row of only -inf (or an empty one) has no distribution: out is all -inf, most and
/// log_sum are -inf and the entropy is 0. A NaN or +inf makes every number NaN. Temperature > 0.
RowSummary log_softmax(std::span<const float> logits, double temperature, std::span<float> out,
                       const Context& context);

/// out = (x / temperature - most) - log_sum; out may be x itself.
void shift_row(std::span<const float> x, double temperature, float most, double log_sum,
               std::span<float> out, const Context& context);

/// The same sums without writing a row.
RowSummary summarise(std::span<const float> logits, double temperature, const Context& context);

/// Lowest index of the largest number; 0 where there is none.
std::size_t best_token(std::span<const float> row, const Context& context);

/// 1 + how many tokens are more probable than `token` (an equal one with a lower id counts as
/// more).
std::uint32_t rank_of(std::span<const float> row, std::size_t token, const Context& context);

/// Jensen-Shannon divergence of log-probability rows under weights that sum to 1, in nats:
/// H(sum w p) - sum w H(p), from the entropies of the linear mixture and of its parts.
double jensen_shannon(double mixture_entropy, std::span<const double> entropies,
                      std::span<const double> weights);

}  // namespace mod::mix
