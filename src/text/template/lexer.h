// A template's source to tokens, with white space control as Hugging Face sets it up: trim_blocks
// (the newline after a statement goes), lstrip_blocks (blanks before it on its line go), `-`
// strips,
// `+` keeps, one newline at the end of the template goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/template/token.h"

namespace mod::text::jinja {

/// Every kind of line end as "\n", and without the last one.
std::string normalized_source(std::string_view source);

/// Tokens that look into `source` (as normalized_source gives it), closed by one of kind kEnd.
/// Throws Failure with its place.
std::vector<Token> tokenize(std::string_view source);

}  // namespace mod::text::jinja
