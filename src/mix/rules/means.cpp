#include "mix/rules/means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpu/nn_kernels.h"
#include "cpu/parallel.h"
#include "mix/rows.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Below this fp32 loses (1/rho) ln sum to cancellation (1e-7 / rho): then fp64, at about 20 ns a
/// token and expert.
constexpr double kSmallRho = 1.0 / 64;

/// The experts that take part.
struct Kept {
  std::vector<const float*> rows;
  std::vector<double> weights;
};

Kept keep(std::span<const double> weights, std::span<const float* const> rows, double none) {
  Kept kept;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (weights[k] == none) continue;
    kept.rows.push_back(rows[k]);
    kept.weights.push_back(weights[k]);
  }
  if (kept.rows.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                "every expert has weight 0: give at least one expert a weight");
  }
  return kept;
}

/// Runs body(first, count, pointers to the rows there) over pieces of the vocabulary.
template <class Body>
void for_pieces(const Kept& kept, std::size_t n, const Context& context, const Body& body) {
  cpu::parallel_for(context.threads, n, kPiece, [&](std::size_t first, std::size_t last) {
    std::vector<const float*> rows(kept.rows.size());
    for (; first < last; first += kPiece) {
      for (std::size_t k = 0; k < rows.size(); ++k) rows[k] = kept.rows[k] + first;
      body(first, std::min(kPiece, last - first), rows.data());
    }
  });
}

void copy(const float* from, std::span<float> to, const Context& context) {
  if (from == to.data()) return;
  cpu::parallel_for(context.threads, to.size(), kPiece, [&](std::size_t first, std::size_t last) {
    std::copy(from + first, from + last, to.data() + first);
  });
}

/// (1/rho) ln sum w_k e^(rho l_k) = most + (1/rho) ln(1 + sum w_k (e^(rho (l_k - most)) - 1)).
double precise_mean(double rho, std::span<const double> shares, const float* const* rows,
                    std::size_t i) {
  double most = -kInf;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    const double value = rows[k][i];
    if (std::isnan(value)) return value;
    most = std::max(most, value);
  }
  if (most == -kInf) return most;
  double sum = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    sum += shares[k] * std::expm1(rho * (rows[k][i] - most));
  }
  return most + std::log1p(sum) / rho;
}

std::vector<double> shares_of(std::span<const double> log_weights) {
  const double most = *std::max_element(log_weights.begin(), log_weights.end());
  std::vector<double> shares;
  double sum = 0;
  for (const double w : log_weights) sum += shares.emplace_back(std::exp(w - most));
  for (double& share : shares) share /= sum;
  return shares;
}

void finite_mean(double rho, const Kept& kept, std::span<float> out, const Context& context) {
  if (std::abs(rho) < kSmallRho) {
    const std::vector<double> shares = shares_of(kept.weights);
    for_pieces(kept, out.size(), context,
               [&](std::size_t first, std::size_t count, const float* const* rows) {
                 for (std::size_t i = 0; i < count; ++i) {
                   out[first + i] = static_cast<float>(precise_mean(rho, shares, rows, i));
                 }
               });
    return;
  }
  const double most = *std::max_element(kept.weights.begin(), kept.weights.end());
  std::vector<float> log_weights;
  for (const double w : kept.weights) log_weights.push_back(static_cast<float>(w - most));
  const auto kernel = cpu::nn_kernels(context.kernels->isa).mix.power_mean;
  for_pieces(kept, out.size(), context,
             [&](std::size_t first, std::size_t count, const float* const* rows) {
               kernel(rows, log_weights.data(), log_weights.size(), static_cast<float>(rho),
                      out.data() + first, count);
             });
}

void extreme(bool largest, const Kept& kept, std::span<float> out, const Context& context) {
  const auto kernel = cpu::nn_kernels(context.kernels->isa).mix.extreme;
  for_pieces(kept, out.size(), context,
             [&](std::size_t first, std::size_t count, const float* const* rows) {
               kernel(rows, kept.rows.size(), largest, out.data() + first, count);
             });
}

}  // namespace

void power_mean(double rho, std::span<const double> log_weights, std::span<const float* const> rows,
                std::span<float> out, const Context& context) {
  const Kept kept = keep(log_weights, rows, -kInf);
  if (kept.rows.size() == 1) return copy(kept.rows[0], out, context);
  if (rho == 0) return signed_mixture(shares_of(kept.weights), kept.rows, -HUGE_VALF, out, context);
  if (std::isinf(rho)) {
    extreme(rho > 0, kept, out, context);
  } else {
    finite_mean(rho, kept, out, context);
  }
  if (rho != 1) log_softmax(out, 1, out, context);
}

void responsibilities(double rho, std::span<const double> log_weights,
                      std::span<const double> logprobs, std::span<double> out) {
  const std::size_t n = logprobs.size();
  double extreme = rho > 0 ? -kInf : kInf;
  for (std::size_t k = 0; k < n; ++k) {
    if (log_weights[k] == -kInf) continue;
    extreme = rho > 0 ? std::max(extreme, logprobs[k]) : std::min(extreme, logprobs[k]);
  }
  double most = -kInf;
  for (std::size_t k = 0; k < n; ++k) {
    // Differences to the extreme expert: -inf - -inf where none permits the token counts as 0.
    const double away = logprobs[k] == extreme ? 0 : logprobs[k] - extreme;
    const double term = std::isinf(rho) ? (away == 0 ? 0 : -kInf) : rho == 0 ? 0 : rho * away;
    out[k] = log_weights[k] == -kInf ? -kInf : log_weights[k] + term;
    most = std::max(most, out[k]);
  }
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += out[k] = std::exp(out[k] - most);
  for (std::size_t k = 0; k < n; ++k) out[k] /= sum;
}

void signed_mixture(std::span<const double> exponents, std::span<const float* const> rows,
                    float cut, std::span<float> out, const Context& context) {
  const Kept kept = keep(exponents, rows, 0);
  const bool cuts = cut > -HUGE_VALF;
  if (kept.rows.size() == 1 && kept.weights[0] == 1 && !cuts) {
    return copy(kept.rows[0], out, context);
  }
  const auto kernel = cpu::nn_kernels(context.kernels->isa).mix.signed_sum;
  for_pieces(kept, out.size(), context,
             [&](std::size_t first, std::size_t count, const float* const* pieces) {
               kernel(pieces, kept.weights.data(), kept.weights.size(), cut, out.data() + first,
                      count);
             });
  log_softmax(out, 1, out, context);
}

void contributions(std::span<const double> exponents, std::span<const double> logprobs,
                   std::span<double> out) {
  for (std::size_t k = 0; k < logprobs.size(); ++k) {
    out[k] = exponents[k] == 0 ? 0 : exponents[k] * logprobs[k];
  }
}

}  // namespace mod::mix
