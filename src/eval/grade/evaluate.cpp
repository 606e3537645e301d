#include "eval/grade/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "eval/grade/functions.h"

namespace mod::eval {
namespace {

constexpr int kPoints = 4, kTries = 16;
constexpr double kSymbolic = 1e-8, kNumeric = 1e-4;
constexpr double kRounding = 1e-13;  // of the largest intermediate value

// In the ring 0.5 <= |z| <= 2, so that powers neither vanish nor explode.
Complex symbol_value(std::uint64_t name, int point, std::uint32_t stream) {
  const auto words =
      philox4x32({static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(name >> 32),
                  static_cast<std::uint32_t>(point), stream},
                 random_key(0, "grade"));
  const double u = words[0] * 0x1p-32, v = words[1] * 0x1p-32;
  return std::polar(0.5 + 1.5 * u, 2 * std::numbers::pi * v);
}

// An unknown function is a cubic polynomial with coefficients of its own.
Complex apply_unknown(const Node& node, Complex a, Complex b, int point) {
  Complex sum = 0;
  for (std::uint32_t i = 4; i-- > 0;) sum = sum * a + symbol_value(node.name, point, 1 + i);
  if (node.b >= 0) sum += b * (symbol_value(node.name, point, 5) + a * b);
  return sum;
}

Complex node_value(const Node& node, const std::vector<Complex>& values, int point) {
  const Complex a = node.a >= 0 ? values[static_cast<std::size_t>(node.a)] : 0;
  const Complex b = node.b >= 0 ? values[static_cast<std::size_t>(node.b)] : 0;
  switch (node.op) {
    case Op::kNumber:
      return node.value;
    case Op::kSymbol:
      return symbol_value(node.name, point, 0);
    case Op::kAdd:
      return a + b;
    case Op::kSubtract:
      return a - b;
    case Op::kMultiply:
      return a * b;
    case Op::kDivide:
      return divide(a, b);
    case Op::kPower:
      return power(a, b);
    case Op::kNegate:
      return -a;
    case Op::kFunction:
      return apply_function(node.name, a);
    case Op::kLog:
      return divide(std::log(a), std::log(b));
    case Op::kFactorial:
      return factorial(a);
    case Op::kBinomial:
      return divide(factorial(a), factorial(b) * factorial(a - b));
    case Op::kApply:
      return apply_unknown(node, a, b, point);
  }
  return 0;
}

// Where large terms cancel, what is left is as wrong as the terms are large.
void note_operands(const Node& node, Values& values) {
  for (int operand : {node.a, node.b}) {
    const double size = std::abs(values.of_node[static_cast<std::size_t>(operand)]);
    values.largest = std::max(values.largest, size);
  }
}

struct Pair {
  std::span<const Node> a, b;
};

// verdict(values of a, values of b, tolerance) at each point; equal where it always says so.
template <typename Verdict>
bool holds_everywhere(const Pair& sides, bool constant, Verdict verdict) {
  int good = 0;
  for (int point = 0; point < (constant ? 1 : kTries) && good < kPoints; ++point) {
    const Values a = evaluate(sides.a, point), b = evaluate(sides.b, point);
    if (!a.finite || !b.finite) continue;
    if (!verdict(a.of_node, b.of_node, kRounding * std::max(a.largest, b.largest))) return false;
    ++good;
  }
  return good >= (constant ? 1 : kPoints);
}

bool near(Complex a, Complex b, double relative, double absolute) {
  const double size = std::max(std::abs(a), std::abs(b));
  return size <= absolute || std::abs(a - b) <= std::max(relative * size, absolute);
}

Complex at(const std::vector<Complex>& values, int root) {
  return values[static_cast<std::size_t>(root)];
}

// Only what a root needs: other members may divide by zero.
std::vector<Node> reachable(std::span<const Node> nodes, int root) {
  std::vector<bool> needed(static_cast<std::size_t>(root) + 1);
  needed.back() = true;
  std::vector<Node> out(nodes.begin(), nodes.begin() + root + 1);
  for (std::size_t i = out.size(); i-- > 0;) {
    if (!needed[i]) {
      out[i] = Node{};
      continue;
    }
    if (out[i].a >= 0) needed[static_cast<std::size_t>(out[i].a)] = true;
    if (out[i].b >= 0) needed[static_cast<std::size_t>(out[i].b)] = true;
  }
  return out;
}

}  // namespace

Values evaluate(std::span<const Node> nodes, int point) {
  Values values;
  values.of_node.reserve(nodes.size());
  for (const Node& node : nodes) {
    const Complex value = node_value(node, values.of_node, point);
    const double size = std::abs(value);
    values.finite &= std::isfinite(size);
    if (node.op == Op::kAdd || node.op == Op::kSubtract) note_operands(node, values);
    values.of_node.push_back(value);
    if (!values.finite) break;
  }
  return values;
}

std::vector<bool> has_symbols(std::span<const Node> nodes) {
  std::vector<bool> has(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    has[i] = node.op == Op::kSymbol || node.op == Op::kApply ||
             (node.a >= 0 && has[static_cast<std::size_t>(node.a)]) ||
             (node.b >= 0 && has[static_cast<std::size_t>(node.b)]);
  }
  return has;
}

bool same_value(std::span<const Node> a, int root_a, std::span<const Node> b, int root_b) {
  const std::vector<Node> left = reachable(a, root_a), right = reachable(b, root_b);
  const bool constant = !has_symbols(left).back() && !has_symbols(right).back();
  return holds_everywhere({left, right}, constant, [&](auto& x, auto& y, double rounding) {
    return near(at(x, root_a), at(y, root_b), constant ? kNumeric : kSymbolic, rounding);
  });
}

bool same_difference(std::span<const Node> a, int left_a, int right_a, std::span<const Node> b,
                     int left_b, int right_b) {
  bool same = true, opposite = true;
  return holds_everywhere({a, b}, false, [&](auto& x, auto& y, double rounding) {
    const Complex p = at(x, left_a) - at(x, right_a), q = at(y, left_b) - at(y, right_b);
    same &= near(p, q, kSymbolic, rounding);
    opposite &= near(p, -q, kSymbolic, rounding);
    return same || opposite;
  });
}

}  // namespace mod::eval
