// How alike distributions over one vocabulary are: whether they have the same most probable token,
// and the Jensen-Shannon distance. Arithmetic on rows of log-probabilities alone; thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "cpu/context.h"

namespace mod::eval {

/// Distance of two rows of natural log-probabilities of equal length (-infinity: probability 0):
/// sqrt((KL(p || m) + KL(q || m)) / 2) with m = (p + q) / 2, in nats (Lin 1991, Endres & Schindelin
/// 2003). A metric, 0 to sqrt(ln 2). NaN where a number is.
double jensen_shannon_distance(std::span<const float> log_p, std::span<const float> log_q);

/// Fills `out` with log-probabilities of the tokens from `first` on, -infinity for those that the
/// row's vocabulary does not have. Called from several threads.
using ReadLogprobs = std::function<void(std::size_t row, std::size_t position, std::size_t first,
                                        std::span<float> out)>;

struct LikenessInput {
  std::size_t rows = 0, positions = 0;
  std::size_t vocabulary = 0;  // of the row that has most
  ReadLogprobs read;
};

/// Both symmetric, rows by rows.
struct LikenessMatrices {
  std::vector<std::vector<double>> top1;            // share of positions; the lowest id of equals
  std::vector<std::vector<double>> jensen_shannon;  // mean of the distances
};

/// Tokens of all rows that likeness_matrices holds at a time.
inline constexpr std::size_t kLikenessBlock = 8192;

/// Every pair of rows. Memory: rows x kLikenessBlock probabilities, whatever the vocabulary; no bit
/// depends on threads. Throws Error(kCancelled), and what `read` throws.
LikenessMatrices likeness_matrices(const LikenessInput& input, const Context& context);

}  // namespace mod::eval
