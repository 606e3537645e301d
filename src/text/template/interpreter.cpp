// Statements.
#include "text/template/interpreter.h"

#include "checkpoint/quote.h"
#include "text/template/callable.h"
#include "text/template/interpreter_guards.h"
#include "text/template/show.h"

namespace mod::text::jinja {

Interpreter::Interpreter(const Program& program, const Limits& limits, TimePoint now)
    : program_(program), budget_(limits), now_(now), scope_(std::make_shared<Scope>(nullptr)) {}

Interpreter::~Interpreter() = default;

void Interpreter::define(std::string_view name, Value value) {
  for (Symbol i = 0; i < program_.names.size(); ++i) {
    if (*program_.names[i] == name) scope_->set(i, std::move(value));
  }
}

std::string Interpreter::render() {
  std::string out;
  out_ = &out;
  // Jinja keeps what it was given apart from what the template sets at its top level.
  const InScope scope(*this, std::make_shared<Scope>(scope_));
  run(program_.body);
  return out;
}

Interpreter::Flow Interpreter::run(const Block& block) {
  for (const Statement& statement : block) {
    const Flow flow = run(statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run(const Statement& statement) {
  budget_.spend(1);
  const Recursion recursion(*this);
  at_ = statement.at;
  return std::visit([&](const auto& node) { return run_node(node); }, statement.node);
}

Interpreter::Flow Interpreter::run_node(const DataStmt& node) {
  budget_.check_text(out_->size() + node.text.size());
  budget_.spend(node.text.size() / 8);
  *out_ += node.text;
  return Flow::kNext;
}

void Interpreter::write(const Value& value) { append_text(*out_, budget_, value); }

Interpreter::Flow Interpreter::run_node(const PrintStmt& node) {
  const Value value = evaluate(*node.value);
  at_ = node.value->at;
  write(value);
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_node(const IfStmt& node) {
  for (const IfStmt::Branch& branch : node.branches) {
    if (is_true(evaluate(*branch.condition))) return run(branch.body);
  }
  return run(node.otherwise);
}

std::vector<Value> Interpreter::loop_items(const ForStmt& node) {
  const Value container = evaluate(*node.items);
  at_ = node.items->at;
  std::vector<Value> items = iterate(budget_, container);
  if (!node.filter) return items;
  std::vector<Value> chosen;
  for (Value& item : items) {
    const InScope scope(*this, std::make_shared<Scope>(scope_));
    assign(node.target, item);
    if (is_true(evaluate(*node.filter))) chosen.push_back(std::move(item));
  }
  return chosen;
}

Interpreter::Flow Interpreter::run_node(const ForStmt& node) {
  const auto loop = std::make_shared<LoopState>();
  loop->items = loop_items(node);
  loop->length = loop->items.size();
  bool completed = false;
  {
    const LoopEnd end(*loop);
    completed = run_iterations(node, loop);
  }
  return completed ? Flow::kNext : run(node.otherwise);
}

/// Whether a round ran to its end: in Jinja `else` also follows a loop of which each round was cut
/// short by `break` or `continue`.
bool Interpreter::run_iterations(const ForStmt& node, const std::shared_ptr<LoopState>& loop) {
  const ScopePtr outer = scope_;
  ScopePtr scope;
  bool completed = false;
  for (; loop->index < loop->length; ++loop->index) {
    budget_.spend(4);
    // A macro defined in the body may have kept the scope of an earlier round.
    if (!scope || scope.use_count() > 1) {
      scope = std::make_shared<Scope>(outer);
    } else {
      scope->clear();
    }
    const InScope in_scope(*this, scope);
    scope->set(program_.known.loop, Value(loop));
    assign(node.target, loop->items[loop->index]);
    const Flow flow = run(node.body);
    if (flow == Flow::kBreak) break;
    completed = completed || flow == Flow::kNext;
  }
  return completed;
}

void Interpreter::assign(const Target& target, Value value) {
  if (const auto* name = std::get_if<Symbol>(&target.node)) {
    scope_->set(*name, std::move(value));
    return;
  }
  at_ = target.at;
  if (const auto* attribute = std::get_if<Target::Attribute>(&target.node)) {
    return assign_attribute(*attribute, std::move(value));
  }
  const auto& targets = std::get<std::vector<Target>>(target.node);
  std::vector<Value> values = iterate(budget_, value);
  if (values.size() != targets.size()) {
    fail(std::to_string(targets.size()) + " names for " + std::to_string(values.size()) +
         " value(s) to be unpacked");
  }
  for (std::size_t i = 0; i < targets.size(); ++i) assign(targets[i], std::move(values[i]));
}

void Interpreter::assign_attribute(const Target::Attribute& target, Value value) {
  const Value* object = scope_->find(target.object);
  const std::string name = checkpoint::quote_name(*program_.names[target.object]);
  if (!object) fail("the variable " + name + " is undefined; make it with namespace()");
  if (!object->is(Kind::kNamespace)) {
    fail(name + " is " + std::string(kind_name(*object)) +
         "; only attributes of a namespace() can be set");
  }
  if (target.name->starts_with('_')) {
    fail("names of attributes must not begin with an underscore: " +
         checkpoint::quote_name(*target.name));
  }
  object->name_space().attributes.set(budget_, Value(String{target.name, false}), std::move(value));
}

Interpreter::Flow Interpreter::run_node(const SetStmt& node) {
  assign(node.target, evaluate(*node.value));
  return Flow::kNext;
}

std::string Interpreter::captured(const Block& block, Flow& flow) {
  std::string text;
  const Capture capture(*this, text);
  flow = run(block);
  return text;
}

Interpreter::Flow Interpreter::run_node(const SetBlockStmt& node) {
  Flow flow = Flow::kNext;
  {
    const InScope scope(*this, std::make_shared<Scope>(scope_));
    std::string text = captured(node.body, flow);
    if (flow != Flow::kNext) return flow;
    captured_ = make_string(budget_, std::move(text));
  }
  assign(node.target, evaluate(*node.value));
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_node(const FilterStmt& node) {
  const InScope scope(*this, std::make_shared<Scope>(scope_));
  Flow flow = Flow::kNext;
  std::string text = captured(node.body, flow);
  if (flow != Flow::kNext) return flow;
  captured_ = make_string(budget_, std::move(text));
  const Value result = evaluate(*node.value);
  at_ = node.value->at;
  if (!result.is_string()) {
    fail("a filter block needs a filter that gives a string, not " +
         std::string(kind_name(result)));
  }
  write(result);
  return Flow::kNext;
}

Value Interpreter::make_macro(const MacroInfo& info) {
  budget_.spend(16);
  macros_.push_back({info.name, &info, scope_});
  Callable callable;
  callable.target = const_cast<const Macro*>(&macros_.back());
  return Value(std::make_shared<const Callable>(std::move(callable)));
}

Interpreter::Flow Interpreter::run_node(const MacroStmt& node) {
  scope_->set(node.name, make_macro(node.macro));
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_node(const CallStmt& node) {
  const Value caller = make_macro(node.caller);
  write(call_at(*node.call, std::get<CallExpr>(node.call->node), caller));
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_node(const WithStmt& node) {
  const auto inner = std::make_shared<Scope>(scope_);
  std::vector<Value> values;
  for (const auto& [target, value] : node.values) values.push_back(evaluate(*value));
  const InScope scope(*this, inner);
  for (std::size_t i = 0; i < values.size(); ++i) {
    assign(node.values[i].first, std::move(values[i]));
  }
  return run(node.body);
}

Interpreter::Flow Interpreter::run_node(const GenerationStmt& node) {
  const InScope scope(*this, std::make_shared<Scope>(scope_));
  return run(node.body);
}

Value Interpreter::lazily(const std::function<void(std::vector<Value>& items)>& fill) {
  std::vector<Value> items;
  std::optional<Failure> failure;
  try {
    fill(items);
  } catch (Failure& caught) {
    if (!caught.at) caught.at = at_;
    failure = std::move(caught);
  }
  return make_iterator(budget_, std::move(items), std::move(failure));
}

Namespace& Interpreter::new_namespace() {
  budget_.spend(32);
  return namespaces_.emplace_back();
}

}  // namespace mod::text::jinja
