// Exponents of a log-linear mixture by Newton's method: the mean log-likelihood is concave in them,
// with the gradient mean_t(ln p_k(x_t) - E ln p_k) and minus the mean covariance of the ln p_k
// under the mixture as second derivatives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "cpu/context.h"

namespace mod::mix {

/// Value, gradient (n) and second derivatives (n x n) of an objective at a point.
struct Curvature {
  double value = 0;
  std::vector<double> gradient, hessian;
};
using CurvatureAt = std::function<Curvature(std::span<const double> exponents)>;

struct NewtonOptions {
  std::vector<double> start;  // empty: 1 / n each
  int most_iterations = 50;
  double tolerance = 1e-9;  // of the objective between two steps
  double largest = 100;     // of an exponent: separable data would drive them on without end
};

struct NewtonResult {
  std::vector<double> exponents;
  double value = 0;
  int iterations = 0;
  bool converged = false;
  bool at_limit = false;  // an exponent stands at `largest`
};

/// The largest value of a concave objective of n numbers; no step lowers it. Throws
/// Error(kInvalidInput) where the objective is not finite at the start.
NewtonResult fit_exponents(const CurvatureAt& objective, std::size_t n,
                           const NewtonOptions& options = {});

/// Adds one token to a sum of curvatures: rows are the experts' log-probabilities where the token
/// is predicted, `token` is what came. Tokens that an expert masks are left out of the mixture;
/// false, and nothing added, where `token` is one of them.
bool add_token(std::span<const double> exponents, std::span<const float* const> rows,
               std::size_t vocabulary, std::size_t token, Curvature& sum);

/// The objective over rows held in memory: rows[t * n + k] is expert k's row before tokens[t]. Mean
/// over the tokens that can be predicted. Independent of threads.
CurvatureAt stored_rows(std::span<const float* const> rows, std::size_t n, std::size_t vocabulary,
                        std::span<const std::uint32_t> tokens, const Context& context);

}  // namespace mod::mix
