// What a template can call: its own macros, the global functions, and methods bound to a value.
#pragma once

#include <string>
#include <variant>

#include "text/template/value.h"

namespace mod::text::jinja {

struct GlobalInfo;
struct MethodInfo;
struct Macro;

struct BoundMethod {
  Value self;
  const MethodInfo* method;
};

/// A method that Python has and that is refused when it is called: `reason` says why.
struct RefusedMethod {
  std::string reason;
};

struct Callable {
  std::variant<const GlobalInfo*, const Macro*, BoundMethod, RefusedMethod> target;
  int depth = 1;
};

}  // namespace mod::text::jinja
