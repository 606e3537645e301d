// The arguments of a call, and their assignment to the parameters of a built-in function.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/template/value.h"

namespace mod::text::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct Signature {
  std::string_view parameters;                              // names with blanks between them
  std::size_t required = 0;                                 // the first so many must be given
  enum Style { kNamed, kPositional, kAny } style = kNamed;  // kAny: everything is left in rest()
};

/// Arguments by the number of their parameter. Lives as long as the call.
class Args {
 public:
  /// Fails for too many, unknown or missing arguments; `function` names the function in messages.
  Args(std::string function, const Signature& signature, Arguments arguments);

  bool has(std::size_t i) const { return i < slots_.size() && slots_[i].has_value(); }
  bool has_not_none(std::size_t i) const { return has(i) && !slots_[i]->is_none(); }
  /// Undefined where it was not given.
  const Value& operator[](std::size_t i) const;

  /// Fail for values of another type; the fallback stands where none was given.
  Int integer(std::size_t i, Int fallback = 0) const;
  bool truth(std::size_t i, bool fallback) const;
  const std::string& text(std::size_t i) const;
  std::string text(std::size_t i, std::string_view fallback) const;

  const Arguments& rest() const { return rest_; }
  const std::string& function() const { return function_; }

 private:
  std::string parameter(std::size_t i) const;

  std::string function_;
  const Signature& signature_;
  std::vector<std::optional<Value>> slots_;
  Arguments rest_;
};

}  // namespace mod::text::jinja
