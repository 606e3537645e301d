// Runs a parsed template once. Built-in functions get the interpreter for what they need of it: the
// budget, other filters and tests by name, the clock.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/template/arguments.h"
#include "text/template/ast.h"
#include "text/template/macro.h"

namespace mod::text::jinja {

using TimePoint = std::chrono::system_clock::time_point;

class Interpreter {
 public:
  /// `program` must outlive the interpreter; `now` is what the function strftime_now shows.
  Interpreter(const Program& program, const Limits& limits, TimePoint now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// A variable of the template; ignored if the template does not mention it.
  void define(std::string_view name, Value value);

  /// Once. Throws Failure; position() tells where.
  std::string render();
  Offset position() const { return at_; }

  Budget& budget() { return budget_; }
  TimePoint now() const { return now_; }
  Value call(const Value& callee, Arguments arguments);
  Value apply_filter(std::string_view name, const Value& input, Arguments arguments);
  bool apply_test(std::string_view name, const Value& input, Arguments arguments);
  /// Owned by the interpreter.
  Namespace& new_namespace();
  /// What `fill` appends, and its failure behind that: Python would ask for one item after another.
  Value lazily(const std::function<void(std::vector<Value>& items)>& fill);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class Recursion;
  class InScope;
  class Capture;

  Flow run(const Block& block);
  Flow run(const Statement& statement);
  Flow run_node(const DataStmt& node);
  Flow run_node(const PrintStmt& node);
  Flow run_node(const IfStmt& node);
  Flow run_node(const ForStmt& node);
  Flow run_node(const SetStmt& node);
  Flow run_node(const SetBlockStmt& node);
  Flow run_node(const MacroStmt& node);
  Flow run_node(const CallStmt& node);
  Flow run_node(const FilterStmt& node);
  Flow run_node(const WithStmt& node);
  Flow run_node(const GenerationStmt& node);
  Flow run_node(const BreakStmt&) { return Flow::kBreak; }
  Flow run_node(const ContinueStmt&) { return Flow::kContinue; }

  std::vector<Value> loop_items(const ForStmt& node);
  bool run_iterations(const ForStmt& node, const std::shared_ptr<LoopState>& loop);
  void assign(const Target& target, Value value);
  void assign_attribute(const Target::Attribute& target, Value value);
  void write(const Value& value);

  Value evaluate(const Expr& expr);
  Value evaluate_or_none(const ExprPtr& expr);
  Value evaluate_node(const Expr& expr, const Literal& node);
  Value evaluate_node(const Expr& expr, const NameExpr& node);
  Value evaluate_node(const Expr& expr, const ListExpr& node);
  Value evaluate_node(const Expr& expr, const TupleExpr& node);
  Value evaluate_node(const Expr& expr, const DictExpr& node);
  Value evaluate_node(const Expr& expr, const UnaryExpr& node);
  Value evaluate_node(const Expr& expr, const BinaryExpr& node);
  Value evaluate_node(const Expr& expr, const LogicalExpr& node);
  Value evaluate_node(const Expr& expr, const CompareExpr& node);
  Value evaluate_node(const Expr& expr, const ConcatExpr& node);
  Value evaluate_node(const Expr& expr, const ConditionalExpr& node);
  Value evaluate_node(const Expr& expr, const AttributeExpr& node);
  Value evaluate_node(const Expr& expr, const SubscriptExpr& node);
  Value evaluate_node(const Expr& expr, const SliceExpr& node);
  Value evaluate_node(const Expr& expr, const CallExpr& node);
  Value evaluate_node(const Expr& expr, const FilterExpr& node);
  Value evaluate_node(const Expr& expr, const TestExpr& node);
  Value evaluate_node(const Expr& expr, const CapturedExpr& node);

  std::vector<Value> evaluate_all(const std::vector<ExprPtr>& exprs);
  Arguments evaluate(const ArgumentExprs& exprs);
  Value callee_of(const CallExpr& node);
  [[noreturn]] void fail_no_method(const Value& object, const std::string& name);
  [[noreturn]] void fail_no_function(const std::string& name);
  Value call_at(const Expr& expr, const CallExpr& node, Value caller);
  Value call_macro(const Macro& macro, Arguments arguments);
  void bind_parameters(const Macro& macro, Arguments& arguments, Scope& scope);
  void bind_special(const Macro& macro, Arguments& arguments, Scope& scope);
  Value make_macro(const MacroInfo& info);
  std::string captured(const Block& block, Flow& flow);

  const Program& program_;
  Budget budget_;
  TimePoint now_;
  ScopePtr scope_;
  std::string* out_ = nullptr;
  Offset at_ = 0;
  int recursion_ = 0;
  Value captured_;
  // What a template can change or what keeps scopes alive lives here, referred to by plain
  // pointers: cycles among them are then no leaks.
  std::deque<Namespace> namespaces_;
  std::deque<Macro> macros_;
};

}  // namespace mod::text::jinja
