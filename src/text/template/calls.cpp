// Calls of functions, methods and macros.
#include "base/text.h"
#include "checkpoint/quote.h"
#include "text/template/callable.h"
#include "text/template/interpreter.h"
#include "text/template/interpreter_guards.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/show.h"

namespace mod::text::jinja {
namespace {

/// Takes the argument of that name out.
std::optional<Value> take_named(Arguments& arguments, std::string_view name) {
  for (auto it = arguments.named.begin(); it != arguments.named.end(); ++it) {
    if (it->first != name) continue;
    Value value = std::move(it->second);
    arguments.named.erase(it);
    return value;
  }
  return std::nullopt;
}

std::string in_quotes(std::string_view name) { return checkpoint::quote_name(name); }

}  // namespace

Arguments Interpreter::evaluate(const ArgumentExprs& exprs) {
  Arguments arguments;
  arguments.positional = evaluate_all(exprs.positional);
  for (const auto& [name, value] : exprs.named) {
    arguments.named.emplace_back(name, evaluate(*value));
  }
  if (exprs.list) {
    for (Value& value : iterate(budget_, evaluate(*exprs.list))) {
      arguments.positional.push_back(std::move(value));
    }
  }
  if (exprs.dict) {
    const Value dict = evaluate(*exprs.dict);
    if (!dict.is_dict()) fail("** needs a dict, not " + std::string(kind_name(dict)));
    for (const auto& [key, value] : dict.dict().items()) {
      if (!key.is_string()) fail("the keys of a dict after ** must be strings");
      arguments.named.emplace_back(key.text(), value);
    }
  }
  return arguments;
}

void Interpreter::fail_no_method(const Value& object, const std::string& name) {
  const std::vector<std::string_view> names = method_names(object);
  fail(std::string(kind_name(object)) + " has no method " + in_quotes(name) +
       did_you_mean(name, names));
}

void Interpreter::fail_no_function(const std::string& name) {
  std::vector<std::string_view> names = global_names();
  for (const Scope* scope = scope_.get(); scope; scope = scope->parent()) {
    for (const auto& [symbol, value] : scope->variables()) {
      if (value.is(Kind::kCallable)) names.push_back(*program_.names[symbol]);
    }
  }
  for (const std::string_view refused : {"cycler", "joiner", "lipsum"}) {
    if (name == refused) fail_unsupported("the function " + in_quotes(name) + " is not supported");
  }
  fail("the function " + in_quotes(name) + " is unknown" + did_you_mean(name, names));
}

/// What is called; it is not undefined.
Value Interpreter::callee_of(const CallExpr& node) {
  const Expr& callee = *node.callee;
  if (const auto* attribute = std::get_if<AttributeExpr>(&callee.node)) {
    const Value object = evaluate(*attribute->object);
    at_ = callee.at;
    Value method = attribute_of(object, attribute->name);
    const bool is_private = method.is_undefined() && attribute->name->starts_with('_');
    if (method.is_undefined() && !is_private) fail_no_method(object, *attribute->name);
    if (!is_private) return method;
    fail(undefined_text(method.undefined()));
  }
  Value value = evaluate(callee);
  if (!value.is_undefined()) return value;
  at_ = callee.at;
  if (const auto* name = std::get_if<NameExpr>(&callee.node)) {
    fail_no_function(*program_.names[name->name]);
  }
  fail(undefined_text(value.undefined()));
}

Value Interpreter::evaluate_node(const Expr& expr, const CallExpr& node) {
  return call_at(expr, node, Value());
}

Value Interpreter::call_at(const Expr& expr, const CallExpr& node, Value caller) {
  const Value callee = callee_of(node);
  Arguments arguments = evaluate(node.arguments);
  if (!caller.is_undefined()) arguments.named.emplace_back("caller", std::move(caller));
  at_ = expr.at;
  return call(callee, std::move(arguments));
}

Value Interpreter::call(const Value& callee, Arguments arguments) {
  budget_.spend(4);
  if (callee.is(Kind::kLoop)) fail_unsupported("recursive loops are not supported");
  if (!callee.is(Kind::kCallable)) {
    fail(std::string(kind_name(callee)) + " cannot be called");
  }
  const Callable& callable = callee.callable();
  if (const auto* macro = std::get_if<const Macro*>(&callable.target)) {
    return call_macro(**macro, std::move(arguments));
  }
  if (const auto* bound = std::get_if<BoundMethod>(&callable.target)) {
    const MethodInfo& method = *bound->method;
    const Args args("the method '" + std::string(method.name) + "'", method.signature,
                    std::move(arguments));
    return method.call(*this, bound->self, args);
  }
  if (const auto* refused = std::get_if<RefusedMethod>(&callable.target)) {
    fail_unsupported(refused->reason);
  }
  const GlobalInfo& global = *std::get<const GlobalInfo*>(callable.target);
  const Args args("the function '" + std::string(global.name) + "'", global.signature,
                  std::move(arguments));
  return global.call(*this, args);
}

Value Interpreter::call_macro(const Macro& macro, Arguments arguments) {
  const Recursion recursion(*this);
  const Offset called_at = at_;
  const auto scope = std::make_shared<Scope>(macro.scope);
  const InScope in_scope(*this, scope);
  bind_parameters(macro, arguments, *scope);
  bind_special(macro, arguments, *scope);
  Flow flow = Flow::kNext;
  std::string text = captured(macro.info->body, flow);
  at_ = called_at;
  return make_string(budget_, std::move(text));
}

// Parameters without an argument are undefined while the defaults are evaluated, in their order.
void Interpreter::bind_parameters(const Macro& macro, Arguments& arguments, Scope& scope) {
  const auto& parameters = macro.info->parameters;
  std::vector<const MacroInfo::Parameter*> missing;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Text& name = program_.names[parameters[i].name];
    if (i < arguments.positional.size()) {
      scope.set(parameters[i].name, std::move(arguments.positional[i]));
    } else if (auto value = take_named(arguments, *name)) {
      scope.set(parameters[i].name, std::move(*value));
    } else {
      scope.set(parameters[i].name, Value(Undefined{Undefined::Reason::kVariable, name}));
      missing.push_back(&parameters[i]);
    }
  }
  for (const MacroInfo::Parameter* parameter : missing) {
    if (parameter->value) scope.set(parameter->name, evaluate(*parameter->value));
  }
}

void Interpreter::bind_special(const Macro& macro, Arguments& arguments, Scope& scope) {
  const MacroInfo& info = *macro.info;
  const std::string name = "the macro " + in_quotes(*macro.name);
  if (info.uses_caller) {
    auto caller = take_named(arguments, "caller");
    if (!caller || caller->is_none()) {
      caller =
          Value(Undefined{Undefined::Reason::kVariable, program_.names[program_.known.caller]});
    }
    scope.set(program_.known.caller, std::move(*caller));
  }
  if (info.uses_kwargs) {
    Dict rest;
    for (auto& [key, value] : arguments.named) {
      rest.set(budget_, Value::string(key), std::move(value));
    }
    scope.set(program_.known.kwargs, make_dict(budget_, std::move(rest)));
  } else if (!arguments.named.empty()) {
    std::vector<std::string_view> names;
    for (const auto& parameter : info.parameters) names.push_back(*program_.names[parameter.name]);
    const std::string& unknown = arguments.named.front().first;
    fail(name + " has no parameter " + in_quotes(unknown) + did_you_mean(unknown, names));
  }
  const std::size_t count = info.parameters.size();
  std::vector<Value> rest;
  for (std::size_t i = count; i < arguments.positional.size(); ++i) {
    rest.push_back(std::move(arguments.positional[i]));
  }
  if (info.uses_varargs) {
    scope.set(program_.known.varargs, make_tuple(budget_, std::move(rest)));
  } else if (!rest.empty()) {
    fail(name + " takes at most " + std::to_string(count) + " argument(s), not " +
         std::to_string(arguments.positional.size()));
  }
}

}  // namespace mod::text::jinja
