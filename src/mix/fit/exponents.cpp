#include "mix/fit/exponents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/parallel.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Solves (ridge I - hessian) x = gradient by Cholesky; false where the matrix is not positive.
bool solve(const Curvature& c, double ridge, std::vector<double>& x) {
  const std::size_t n = c.gradient.size();
  std::vector<double> l(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = (i == j ? ridge : 0) - c.hessian[i * n + j];
      for (std::size_t m = 0; m < j; ++m) sum -= l[i * n + m] * l[j * n + m];
      if (i == j && !(sum > 0)) return false;
      l[i * n + j] = i == j ? std::sqrt(sum) : sum / l[j * n + j];
    }
  }
  x = c.gradient;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t m = 0; m < i; ++m) x[i] -= l[i * n + m] * x[m];
    x[i] /= l[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t m = i + 1; m < n; ++m) x[i] -= l[m * n + i] * x[m];
    x[i] /= l[i * n + i];
  }
  return true;
}

/// The step of the smallest ridge that makes the matrix positive: equal experts make it singular.
std::vector<double> step_of(const Curvature& c) {
  std::vector<double> step;
  double ridge = 1e-12;
  for (std::size_t i = 0; i < c.gradient.size(); ++i) {
    ridge = std::max(ridge, 1e-9 * std::abs(c.hessian[i * c.gradient.size() + i]));
  }
  while (!solve(c, ridge, step) && ridge < 1e12) ridge *= 10;
  return step;
}

void add(const Curvature& from, Curvature& to) {
  to.value += from.value;
  for (std::size_t i = 0; i < from.gradient.size(); ++i) to.gradient[i] += from.gradient[i];
  for (std::size_t i = 0; i < from.hessian.size(); ++i) to.hessian[i] += from.hessian[i];
}

Curvature zero(std::size_t n) {
  return {0, std::vector<double>(n, 0), std::vector<double>(n * n, 0)};
}

}  // namespace

NewtonResult fit_exponents(const CurvatureAt& objective, std::size_t n,
                           const NewtonOptions& options) {
  NewtonResult result;
  result.exponents = options.start;
  if (options.start.empty()) result.exponents.assign(n, 1 / static_cast<double>(n));
  Curvature here = objective(result.exponents);
  if (!std::isfinite(here.value)) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("the likelihood at the first exponents is {}", here.value));
  }
  while (result.iterations < options.most_iterations && !result.converged) {
    ++result.iterations;
    const std::vector<double> step = step_of(here);
    double gain = 0;
    for (double length = 1; length > 1e-10; length /= 2) {
      std::vector<double> next = result.exponents;
      for (std::size_t k = 0; k < n; ++k) {
        next[k] = std::clamp(next[k] + length * step[k], -options.largest, options.largest);
      }
      Curvature there = objective(next);
      if (!(there.value > here.value)) continue;
      gain = there.value - here.value;
      here = std::move(there);
      result.exponents = std::move(next);
      break;
    }
    result.converged = gain <= options.tolerance;
  }
  result.value = here.value;
  for (const double a : result.exponents) {
    result.at_limit = result.at_limit || std::abs(a) >= options.largest;
  }
  return result;
}

bool add_token(std::span<const double> exponents, std::span<const float* const> rows,
               std::size_t vocabulary, std::size_t token, Curvature& sum) {
  const std::size_t n = exponents.size();
  std::vector<double> score(vocabulary);
  double most = -kInf;
  for (std::size_t x = 0; x < vocabulary; ++x) {
    double s = 0;
    bool masked = false;
    for (std::size_t k = 0; k < n; ++k) {
      masked = masked || rows[k][x] == -HUGE_VALF;
      s += exponents[k] * static_cast<double>(rows[k][x]);
    }
    score[x] = masked ? -kInf : s;
    most = std::max(most, score[x]);
  }
  if (score[token] == -kInf) return false;
  double total = 0;
  std::vector<double> mean(n, 0), square(n * n, 0);
  for (std::size_t x = 0; x < vocabulary; ++x) {
    if (score[x] == -kInf) continue;
    const double p = std::exp(score[x] - most);
    total += p;
    // Relative to the token that came, so that little cancels.
    for (std::size_t k = 0; k < n; ++k) {
      const double a = static_cast<double>(rows[k][x]) - static_cast<double>(rows[k][token]);
      mean[k] += p * a;
      for (std::size_t j = 0; j <= k; ++j) {
        square[k * n + j] +=
            p * a * (static_cast<double>(rows[j][x]) - static_cast<double>(rows[j][token]));
      }
    }
  }
  sum.value += score[token] - most - std::log(total);
  for (std::size_t k = 0; k < n; ++k) sum.gradient[k] -= mean[k] / total;
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j <= k; ++j) {
      const double covariance = square[k * n + j] / total - mean[k] / total * (mean[j] / total);
      sum.hessian[k * n + j] -= covariance;
      if (j != k) sum.hessian[j * n + k] -= covariance;
    }
  }
  return true;
}

CurvatureAt stored_rows(std::span<const float* const> rows, std::size_t n, std::size_t vocabulary,
                        std::span<const std::uint32_t> tokens, const Context& context) {
  return [=](std::span<const double> exponents) {
    constexpr std::size_t kBlock = 16;  // tokens whose curvatures are added first
    const std::size_t blocks = (tokens.size() + kBlock - 1) / kBlock;
    std::vector<Curvature> partial(blocks, zero(n));
    std::vector<std::size_t> counted(blocks, 0);
    cpu::parallel_for(context.threads, blocks, 1, [&](std::size_t first, std::size_t last) {
      for (; first < last; ++first) {
        const std::size_t end = std::min(tokens.size(), (first + 1) * kBlock);
        for (std::size_t t = first * kBlock; t < end; ++t) {
          counted[first] +=
              add_token(exponents, rows.subspan(t * n, n), vocabulary, tokens[t], partial[first])
                  ? 1
                  : 0;
        }
      }
    });
    Curvature sum = zero(n);
    std::size_t count = 0;
    for (std::size_t b = 0; b < blocks; ++b) add(partial[b], sum), count += counted[b];
    const double share = 1 / static_cast<double>(count);  // no token: NaN, which the solver refuses
    sum.value *= share;
    for (double& g : sum.gradient) g *= share;
    for (double& h : sum.hessian) h *= share;
    return sum;
  };
}

}  // namespace mod::mix
