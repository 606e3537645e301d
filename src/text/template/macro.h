// Variables in scopes, and macros, which keep the scope that they were defined in.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "text/template/ast.h"

namespace mod::text::jinja {

class Scope;
using ScopePtr = std::shared_ptr<Scope>;

/// A name is looked up here, then in the parents; it is always set here.
class Scope {
 public:
  explicit Scope(ScopePtr parent) : parent_(std::move(parent)) {}

  const Value* find(Symbol name) const {
    for (const Scope* scope = this; scope; scope = scope->parent_.get()) {
      for (const auto& [symbol, value] : scope->variables_) {
        if (symbol == name) return &value;
      }
    }
    return nullptr;
  }

  void set(Symbol name, Value value) {
    for (auto& [symbol, old] : variables_) {
      if (symbol != name) continue;
      old = std::move(value);
      return;
    }
    variables_.emplace_back(name, std::move(value));
  }

  void clear() { variables_.clear(); }
  const std::vector<std::pair<Symbol, Value>>& variables() const { return variables_; }
  const Scope* parent() const { return parent_.get(); }

 private:
  ScopePtr parent_;
  std::vector<std::pair<Symbol, Value>> variables_;
};

struct Macro {
  Text name;
  const MacroInfo* info;
  ScopePtr scope;
};

}  // namespace mod::text::jinja
