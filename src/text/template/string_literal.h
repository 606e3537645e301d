// The text between the quotes of a string literal.
#pragma once

#include <string>
#include <string_view>

#include "text/template/failure.h"

namespace mod::text::jinja {

/// With Python's escapes resolved. `at` is the place of the literal for messages. Fails for broken
/// escapes and for half of a surrogate pair, which no UTF-8 text can hold.
std::string unescaped(std::string_view literal, Offset at);

}  // namespace mod::text::jinja
