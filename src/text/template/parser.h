// Tokens to a tree. What can be found wrong without data is found here: syntax, unknown statements,
// unknown filters and tests (those under an `if` only when they are reached, as Jinja does it).
#pragma once

#include <memory>
#include <string_view>

#include "text/template/ast.h"

namespace mod::text::jinja {

/// The largest template that is read; those of models have up to 30 KB.
inline constexpr std::size_t kMaxSourceBytes = std::size_t{512} << 10;

/// Throws Failure, with its place in normalized_source(source).
std::shared_ptr<const Program> parse(std::string_view source);

}  // namespace mod::text::jinja
