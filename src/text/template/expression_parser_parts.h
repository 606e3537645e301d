// What the files of the expression parser share: nodes that know their depth, and a bound on it.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "text/template/expression_parser.h"

namespace mod::text::jinja {

// Brackets in brackets, and any other way to nest expressions.
inline constexpr int kMaxNesting = 100;
inline constexpr int kMaxDepth = 300;

inline int depth_of(const ExprPtr& expr) { return expr ? expr->depth : 0; }

inline int depth_of(const std::vector<ExprPtr>& exprs) {
  int depth = 0;
  for (const ExprPtr& expr : exprs) depth = std::max(depth, expr->depth);
  return depth;
}

inline int depth_of(const ArgumentExprs& arguments) {
  int depth = std::max(
      {depth_of(arguments.positional), depth_of(arguments.list), depth_of(arguments.dict)});
  for (const auto& [name, value] : arguments.named) depth = std::max(depth, value->depth);
  return depth;
}

/// Counts the recursion of the parser itself.
class ExpressionParser::Nesting {
 public:
  explicit Nesting(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.nesting_ > kMaxNesting) {
      fail_at(parser_.tokens_.current().at, "the expression is nested too deeply");
    }
  }
  ~Nesting() { --parser_.nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  ExpressionParser& parser_;
};

template <typename Node>
ExprPtr ExpressionParser::make(Offset at, int child_depth, Node node) {
  if (child_depth >= kMaxDepth) fail_at(at, "the expression is too long; split it with `set`");
  return std::make_unique<Expr>(Expr{at, child_depth + 1, std::move(node)});
}

}  // namespace mod::text::jinja
