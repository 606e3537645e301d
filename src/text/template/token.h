// The pieces of a template: text, and between delimiters names, literals and operators.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/template/failure.h"

namespace mod::text::jinja {

enum class TokenKind : std::uint8_t {
  kData,
  kPrintBegin,  // {{
  kPrintEnd,
  kBlockBegin,  // {%
  kBlockEnd,
  kName,
  kInteger,
  kFloat,
  kString,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Offset at = 0;
  std::string_view text;  // of the source; of data what is left after white space control
  std::string string;     // of a string literal, with its escapes resolved
};

/// For messages: "'endif'", "the end of the statement".
std::string describe(const Token& token);

}  // namespace mod::text::jinja
