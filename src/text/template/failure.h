// How the parts of the template language report what is wrong: they know the text, sometimes the
// place; whoever runs them turns it into a mod::Error with file, line and column.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mod/error.h"

namespace mod::text::jinja {

/// Byte offset in the source of a template.
using Offset = std::uint32_t;

struct Failure {
  std::string text;
  std::optional<Offset> at;  // none: where the interpreter stands
  ErrorCode code = ErrorCode::kInvalidInput;
};

[[noreturn]] inline void fail(std::string text) { throw Failure{std::move(text), {}}; }

[[noreturn]] inline void fail_at(Offset at, std::string text) {
  throw Failure{std::move(text), at};
}

/// Part of the language, but not of this implementation.
[[noreturn]] inline void fail_unsupported(std::string text, std::optional<Offset> at = {}) {
  throw Failure{std::move(text), at, ErrorCode::kUnsupported};
}

}  // namespace mod::text::jinja
