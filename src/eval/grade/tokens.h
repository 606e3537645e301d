// Tokens of a LaTeX answer.
#pragma once

#include <string_view>
#include <vector>

namespace mod::eval {

enum class TokenKind { kNumber, kLetter, kCommand, kSign, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // the number as written, the letter, the command without '\', the sign
};

/// All tokens and one kEnd; white space and spacing commands vanish. A comma before three
/// digits belongs to the number where `thousands`, and a further digit begins another number.
std::vector<Token> tokenize_latex(std::string_view text, bool thousands);

/// The number that such a token stands for.
double number_value(std::string_view text);

}  // namespace mod::eval
