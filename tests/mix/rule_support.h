// Rows of random distributions and a short way to combine them.
#pragma once

#include <cmath>
#include <initializer_list>
#include <limits>
#include <random>
#include <vector>

#include "mix/gate.h"
#include "mix/rows.h"
#include "mix/rule.h"

namespace mod::mix::testing {

using Row = std::vector<float>;
constexpr float kMasked = -std::numeric_limits<float>::infinity();

inline Row random_logits(std::size_t n, unsigned seed, float scale = 3) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Row row(n);
  for (float& v : row) v = normal(random);
  return row;
}

inline Row random_row(std::size_t n, unsigned seed, float scale = 3) {
  Row row = random_logits(n, seed, scale);
  log_softmax(row, 1, row, Context{});
  return row;
}

/// Log-probabilities of the probabilities given.
inline Row row_of(std::initializer_list<double> probabilities) {
  Row row;
  for (const double p : probabilities) row.push_back(static_cast<float>(std::log(p)));
  return row;
}

inline std::vector<double> logs(std::initializer_list<double> numbers) {
  std::vector<double> all;
  for (const double x : numbers) all.push_back(std::log(x));
  return all;
}

inline Row mixed(const char* rule, const std::vector<Row>& rows, const std::vector<double>& weights,
                 std::vector<double> parameters = {}, const Context& context = {}) {
  const Rule* entry = find_rule(rule);
  if (parameters.empty()) parameters = default_values(entry->parameters);
  std::vector<const float*> pointers;
  for (const Row& row : rows) pointers.push_back(row.data());
  Row out(rows[0].size());
  combine(*entry, {parameters, weights, pointers, rows[0].size()}, out, context);
  return out;
}

inline double total(const Row& row) {
  double sum = 0;
  for (const float v : row) sum += std::exp(double{v});
  return sum;
}

inline double distance(const Row& a, const Row& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) most = std::max(most, std::abs(double{a[i]} - b[i]));
  }
  return most;
}

}  // namespace mod::mix::testing
