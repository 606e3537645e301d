// Values of a reading at a point: every symbol gets a complex number that depends only on its name
// and the number of the point (counter-based, so verdicts replay).
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "eval/grade/reading.h"

namespace mod::eval {

struct Values {
  std::vector<std::complex<double>> of_node;
  double largest = 0;  // largest magnitude that was added: what rounding is relative to
  bool finite = true;  // false where something divides by zero or overflows
};

/// Values of all nodes, up to the first that is not finite.
Values evaluate(std::span<const Node> nodes, int point);

/// Whether the expression that ends at this node has a symbol or an unknown function in it.
std::vector<bool> has_symbols(std::span<const Node> nodes);

/// Equal as functions: within 1e-4 where neither has symbols, else within 1e-8 at four points.
bool same_value(std::span<const Node> a, int root_a, std::span<const Node> b, int root_b);

/// left_a - right_a equals left_b - right_b, with the same or with the opposite sign.
bool same_difference(std::span<const Node> a, int left_a, int right_a, std::span<const Node> b,
                     int left_b, int right_b);

}  // namespace mod::eval
