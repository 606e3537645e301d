#include "mix/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/nn_kernels.h"
#include "cpu/parallel.h"

namespace mod::mix {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

const cpu::NnKernels& kernels_of(const Context& context) {
  return cpu::nn_kernels(context.kernels->isa);
}

/// Joins the moments of pieces, in order.
RowSummary join(std::span<const cpu::Moments> pieces) {
  RowSummary row{.most = -kInf};
  for (const cpu::Moments& piece : pieces) row.most = std::max(row.most, piece.most);
  double sum = 0, spread = 0;
  for (const cpu::Moments& piece : pieces) {
    if (piece.sum == 0) continue;  // only -inf: no NaN, which compares as unequal
    const double below =
        piece.most == -kInf ? 0 : static_cast<double>(piece.most) - static_cast<double>(row.most);
    const double factor = std::exp(below);
    sum += factor * piece.sum;
    spread += factor * (piece.spread + below * piece.sum);
  }
  if (sum == 0) return {.most = -kInf, .log_sum = -std::numeric_limits<double>::infinity()};
  row.log_sum = std::log(sum);
  row.entropy = std::max(0.0, row.log_sum - spread / sum);
  if (std::isnan(sum)) row.entropy = sum;
  return row;
}

}  // namespace

RowSummary summarise(std::span<const float> logits, double temperature, const Context& context) {
  const auto scale = static_cast<float>(1 / temperature);
  std::vector<cpu::Moments> pieces((logits.size() + kPiece - 1) / kPiece);
  const auto moments = kernels_of(context).mix.moments;
  cpu::parallel_for(context.threads, logits.size(), kPiece,
                    [&](std::size_t first, std::size_t last) {
                      for (; first < last; first += kPiece) {
                        moments(logits.data() + first, scale, std::min(kPiece, last - first),
                                &pieces[first / kPiece]);
                      }
                    });
  return join(pieces);
}

void shift_row(std::span<const float> x, double temperature, float most, double log_sum,
               std::span<float> out, const Context& context) {
  const auto scale = static_cast<float>(1 / temperature);
  const auto less = static_cast<float>(log_sum);
  const auto shift = kernels_of(context).mix.shift;
  cpu::parallel_for(context.threads, x.size(), kPiece, [&](std::size_t first, std::size_t last) {
    shift(x.data() + first, scale, most, less, out.data() + first, last - first);
  });
}

RowSummary log_softmax(std::span<const float> logits, double temperature, std::span<float> out,
                       const Context& context) {
  const RowSummary row = summarise(logits, temperature, context);
  const bool empty = row.log_sum == -std::numeric_limits<double>::infinity();
  shift_row(logits, temperature, empty ? 0 : row.most, empty ? 0 : row.log_sum, out, context);
  return row;
}

std::size_t best_token(std::span<const float> row, const Context& context) {
  const auto largest = kernels_of(context).mix.largest;
  std::vector<float> most((row.size() + kPiece - 1) / kPiece);
  cpu::parallel_for(context.threads, row.size(), kPiece, [&](std::size_t first, std::size_t last) {
    for (; first < last; first += kPiece) {
      most[first / kPiece] = largest(row.data() + first, std::min(kPiece, last - first));
    }
  });
  std::size_t best = 0;
  for (std::size_t piece = 1; piece < most.size(); ++piece) {
    if (most[piece] > most[best]) best = piece;
  }
  if (most.empty() || most[best] == -kInf) return 0;
  const std::size_t first = best * kPiece;
  return first + kernels_of(context).vector.argmax(row.data() + first,
                                                   std::min(kPiece, row.size() - first));
}

std::uint32_t rank_of(std::span<const float> row, std::size_t token, const Context& context) {
  const float value = row[token];
  const auto count = kernels_of(context).mix.count_above;
  std::vector<std::size_t> above((row.size() + kPiece - 1) / kPiece);
  cpu::parallel_for(context.threads, row.size(), kPiece, [&](std::size_t first, std::size_t last) {
    for (; first < last; first += kPiece) {
      const std::size_t end = std::min(first + kPiece, last);
      const std::size_t equals = std::clamp(token, first, end);  // a lower id wins
      above[first / kPiece] = count(row.data() + first, value, true, equals - first) +
                              count(row.data() + equals, value, false, end - equals);
    }
  });
  std::uint32_t rank = 1;
  for (const std::size_t more : above) rank += static_cast<std::uint32_t>(more);
  return rank;
}

double jensen_shannon(double mixture_entropy, std::span<const double> entropies,
                      std::span<const double> weights) {
  double mean = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] > 0) mean += weights[k] * entropies[k];
  }
  return std::max(0.0, mixture_entropy - mean);
}

}  // namespace mod::mix
