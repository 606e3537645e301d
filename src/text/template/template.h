// A template by itself: parsed once, rendered with any variables. Immutable and thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/template/interpreter.h"

namespace mod::text::jinja {

class Template {
 public:
  /// `where` names the template in messages. Throws Error(kInvalidInput or kUnsupported) with line
  /// and column for everything that is wrong without knowing the variables.
  Template(std::string_view source, std::string where);

  using Variables = std::vector<std::pair<std::string, const Json*>>;
  /// A later variable of the same name replaces an earlier one. Throws Error as the constructor.
  std::string render(const Variables& variables, TimePoint now = TimePoint::clock::now(),
                     const Limits& limits = {}) const;

  const std::string& where() const { return where_; }

 private:
  std::string where_;
  std::shared_ptr<const Program> program_;
};

}  // namespace mod::text::jinja
