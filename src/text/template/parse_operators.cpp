// The levels of precedence.
#include <array>
#include <string_view>

#include "text/template/expression_parser_parts.h"

namespace mod::text::jinja {
namespace {

template <typename Op>
struct OperatorName {
  std::string_view text;
  Op op;
};

constexpr std::array<OperatorName<CompareOp>, 6> kComparisons = {{
    {"==", CompareOp::kEqual},
    {"!=", CompareOp::kNotEqual},
    {"<", CompareOp::kLess},
    {"<=", CompareOp::kLessEqual},
    {">", CompareOp::kGreater},
    {">=", CompareOp::kGreaterEqual},
}};
constexpr std::array<OperatorName<BinaryOp>, 2> kSums = {{
    {"+", BinaryOp::kAdd},
    {"-", BinaryOp::kSubtract},
}};
constexpr std::array<OperatorName<BinaryOp>, 4> kProducts = {{
    {"*", BinaryOp::kMultiply},
    {"/", BinaryOp::kDivide},
    {"//", BinaryOp::kFloorDivide},
    {"%", BinaryOp::kModulo},
}};

template <typename Table>
auto find_operator(const TokenStream& tokens, const Table& table) {
  return std::find_if(table.begin(), table.end(),
                      [&](const auto& entry) { return tokens.is_operator(entry.text); });
}

}  // namespace

ExprPtr ExpressionParser::expression() {
  const Nesting nesting(*this);
  return conditional();
}

ExprPtr ExpressionParser::conditional() {
  ExprPtr value = logical_or();
  while (tokens_.is_name("if")) {
    const Offset at = tokens_.next().at;
    const bool was_in_branch = in_branch;
    in_branch = true;
    ExprPtr condition = logical_or();
    ExprPtr otherwise;
    if (tokens_.skip_name("else")) otherwise = expression();
    in_branch = was_in_branch;
    const int depth = std::max({value->depth, condition->depth, depth_of(otherwise)});
    value = make(at, depth,
                 ConditionalExpr{std::move(condition), std::move(value), std::move(otherwise)});
  }
  return value;
}

ExprPtr ExpressionParser::logical_or() {
  ExprPtr left = logical_and();
  while (tokens_.is_name("or")) {
    const Offset at = tokens_.next().at;
    ExprPtr right = logical_and();
    const int depth = std::max(left->depth, right->depth);
    left = make(at, depth, LogicalExpr{false, std::move(left), std::move(right)});
  }
  return left;
}

ExprPtr ExpressionParser::logical_and() {
  ExprPtr left = logical_not();
  while (tokens_.is_name("and")) {
    const Offset at = tokens_.next().at;
    ExprPtr right = logical_not();
    const int depth = std::max(left->depth, right->depth);
    left = make(at, depth, LogicalExpr{true, std::move(left), std::move(right)});
  }
  return left;
}

ExprPtr ExpressionParser::logical_not() {
  if (!tokens_.is_name("not")) return comparison();
  const Nesting nesting(*this);
  const Offset at = tokens_.next().at;
  ExprPtr operand = logical_not();
  const int depth = operand->depth;
  return make(at, depth, UnaryExpr{UnaryOp::kNot, std::move(operand)});
}

ExprPtr ExpressionParser::comparison() {
  ExprPtr first = sum();
  const Offset at = tokens_.current().at;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
  int depth = first->depth;
  while (true) {
    CompareOp op = CompareOp::kIn;
    if (const auto it = find_operator(tokens_, kComparisons); it != kComparisons.end()) {
      op = it->op;
    } else if (tokens_.is_name("not") && tokens_.ahead_is_name("in")) {
      tokens_.next();
      op = CompareOp::kNotIn;
    } else if (!tokens_.is_name("in")) {
      break;
    }
    tokens_.next();
    rest.emplace_back(op, sum());
    depth = std::max(depth, rest.back().second->depth);
  }
  if (rest.empty()) return first;
  return make(at, depth, CompareExpr{std::move(first), std::move(rest)});
}

ExprPtr ExpressionParser::sum() {
  ExprPtr left = concat();
  for (auto it = find_operator(tokens_, kSums); it != kSums.end();
       it = find_operator(tokens_, kSums)) {
    const Offset at = tokens_.next().at;
    ExprPtr right = concat();
    const int depth = std::max(left->depth, right->depth);
    left = make(at, depth, BinaryExpr{it->op, std::move(left), std::move(right)});
  }
  return left;
}

ExprPtr ExpressionParser::concat() {
  std::vector<ExprPtr> parts;
  parts.push_back(product());
  const Offset at = tokens_.current().at;
  while (tokens_.skip_operator("~")) parts.push_back(product());
  if (parts.size() == 1) return std::move(parts.front());
  const int depth = depth_of(parts);
  return make(at, depth, ConcatExpr{std::move(parts)});
}

ExprPtr ExpressionParser::concatenation(Offset at) {
  std::vector<ExprPtr> parts;
  while (!tokens_.is(TokenKind::kBlockEnd)) {
    if (!parts.empty()) tokens_.expect_operator(",");
    parts.push_back(expression());
  }
  const int depth = depth_of(parts);
  return make(at, depth, ConcatExpr{std::move(parts)});
}

ExprPtr ExpressionParser::product() {
  ExprPtr left = power();
  for (auto it = find_operator(tokens_, kProducts); it != kProducts.end();
       it = find_operator(tokens_, kProducts)) {
    const Offset at = tokens_.next().at;
    ExprPtr right = power();
    const int depth = std::max(left->depth, right->depth);
    left = make(at, depth, BinaryExpr{it->op, std::move(left), std::move(right)});
  }
  return left;
}

// From the left, unlike Python: 2 ** 3 ** 2 is 64.
ExprPtr ExpressionParser::power() {
  ExprPtr left = unary(true);
  while (tokens_.is_operator("**")) {
    const Offset at = tokens_.next().at;
    ExprPtr right = unary(true);
    const int depth = std::max(left->depth, right->depth);
    left = make(at, depth, BinaryExpr{BinaryOp::kPower, std::move(left), std::move(right)});
  }
  return left;
}

// A sign binds closer than what follows its operand: -x|abs is (-x)|abs.
ExprPtr ExpressionParser::unary(bool with_filters) {
  ExprPtr value;
  if (tokens_.is_operator("-") || tokens_.is_operator("+")) {
    const Nesting nesting(*this);
    const UnaryOp op = tokens_.is_operator("-") ? UnaryOp::kMinus : UnaryOp::kPlus;
    const Offset at = tokens_.next().at;
    ExprPtr operand = unary(false);
    const int depth = operand->depth;
    value = make(at, depth, UnaryExpr{op, std::move(operand)});
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

}  // namespace mod::text::jinja
