// Expressions.
#include "text/template/callable.h"
#include "text/template/compare.h"
#include "text/template/interpreter.h"
#include "text/template/interpreter_guards.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/show.h"

namespace mod::text::jinja {

Value Interpreter::evaluate(const Expr& expr) {
  budget_.spend(1);
  const Recursion recursion(*this);
  at_ = expr.at;
  return std::visit([&](const auto& node) { return evaluate_node(expr, node); }, expr.node);
}

Value Interpreter::evaluate_or_none(const ExprPtr& expr) {
  return expr ? evaluate(*expr) : Value(None{});
}

std::vector<Value> Interpreter::evaluate_all(const std::vector<ExprPtr>& exprs) {
  std::vector<Value> values;
  values.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) values.push_back(evaluate(*expr));
  return values;
}

Value Interpreter::evaluate_node(const Expr&, const Literal& node) { return node.value; }

Value Interpreter::evaluate_node(const Expr&, const CapturedExpr&) { return captured_; }

Value Interpreter::evaluate_node(const Expr&, const NameExpr& node) {
  if (const Value* value = scope_->find(node.name)) return *value;
  const Text& name = program_.names[node.name];
  if (const GlobalInfo* global = find_global(*name)) {
    Callable callable;
    callable.target = global;
    return Value(std::make_shared<const Callable>(std::move(callable)));
  }
  return Value(Undefined{Undefined::Reason::kVariable, name});
}

Value Interpreter::evaluate_node(const Expr& expr, const ListExpr& node) {
  std::vector<Value> items = evaluate_all(node.items);
  at_ = expr.at;
  return make_list(budget_, std::move(items));
}

Value Interpreter::evaluate_node(const Expr& expr, const TupleExpr& node) {
  std::vector<Value> items = evaluate_all(node.items);
  at_ = expr.at;
  return make_tuple(budget_, std::move(items));
}

Value Interpreter::evaluate_node(const Expr& expr, const DictExpr& node) {
  Dict dict;
  for (const auto& [key, value] : node.items) {
    Value k = evaluate(*key);
    Value v = evaluate(*value);
    at_ = key->at;
    dict.set(budget_, std::move(k), std::move(v));
  }
  at_ = expr.at;
  return make_dict(budget_, std::move(dict));
}

Value Interpreter::evaluate_node(const Expr& expr, const UnaryExpr& node) {
  const Value operand = evaluate(*node.operand);
  at_ = expr.at;
  return unary(node.op, operand);
}

Value Interpreter::evaluate_node(const Expr& expr, const BinaryExpr& node) {
  const Value left = evaluate(*node.left);
  const Value right = evaluate(*node.right);
  at_ = expr.at;
  return binary(budget_, node.op, left, right);
}

Value Interpreter::evaluate_node(const Expr&, const LogicalExpr& node) {
  Value left = evaluate(*node.left);
  return is_true(left) == node.is_and ? evaluate(*node.right) : left;
}

Value Interpreter::evaluate_node(const Expr& expr, const CompareExpr& node) {
  Value left = evaluate(*node.first);
  for (const auto& [op, operand] : node.rest) {
    Value right = evaluate(*operand);
    at_ = expr.at;
    if (!compare(budget_, op, left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Interpreter::evaluate_node(const Expr& expr, const ConcatExpr& node) {
  std::string text;
  for (const ExprPtr& part : node.parts) append_text(text, budget_, evaluate(*part));
  at_ = expr.at;
  return make_string(budget_, std::move(text));
}

Value Interpreter::evaluate_node(const Expr&, const ConditionalExpr& node) {
  if (is_true(evaluate(*node.condition))) return evaluate(*node.value);
  return node.otherwise ? evaluate(*node.otherwise) : Value();
}

Value Interpreter::evaluate_node(const Expr& expr, const AttributeExpr& node) {
  const Value object = evaluate(*node.object);
  at_ = expr.at;
  return attribute_of(object, node.name);
}

Value Interpreter::evaluate_node(const Expr& expr, const SubscriptExpr& node) {
  const Value object = evaluate(*node.object);
  const Value index = evaluate(*node.index);
  at_ = expr.at;
  return item_of(budget_, object, index);
}

Value Interpreter::evaluate_node(const Expr& expr, const SliceExpr& node) {
  const Value object = evaluate(*node.object);
  const Value start = evaluate_or_none(node.start);
  const Value stop = evaluate_or_none(node.stop);
  const Value step = evaluate_or_none(node.step);
  at_ = expr.at;
  return slice_of(budget_, object, start, stop, step);
}

Value Interpreter::evaluate_node(const Expr& expr, const FilterExpr& node) {
  const Value input = evaluate(*node.input);
  if (!node.filter) fail_unknown_filter(node.name, expr.at);
  Arguments arguments = evaluate(node.arguments);
  at_ = expr.at;
  const Args args("the filter '" + node.name + "'", node.filter->signature, std::move(arguments));
  return node.filter->call(*this, input, args);
}

Value Interpreter::evaluate_node(const Expr& expr, const TestExpr& node) {
  const Value input = evaluate(*node.input);
  if (!node.test) fail_unknown_test(node.name, expr.at);
  Arguments arguments = evaluate(node.arguments);
  at_ = expr.at;
  const Args args("the test '" + node.name + "'", node.test->signature, std::move(arguments));
  return Value(node.test->call(*this, input, args));
}

Value Interpreter::apply_filter(std::string_view name, const Value& input, Arguments arguments) {
  budget_.spend(1);
  const Recursion recursion(*this);
  const FilterInfo* filter = find_filter(name);
  if (!filter) fail_unknown_filter(name);
  const Args args("the filter '" + std::string(name) + "'", filter->signature,
                  std::move(arguments));
  return filter->call(*this, input, args);
}

bool Interpreter::apply_test(std::string_view name, const Value& input, Arguments arguments) {
  budget_.spend(1);
  const Recursion recursion(*this);
  const TestInfo* test = find_test(name);
  if (!test) fail_unknown_test(name);
  const Args args("the test '" + std::string(name) + "'", test->signature, std::move(arguments));
  return test->call(*this, input, args);
}

}  // namespace mod::text::jinja
