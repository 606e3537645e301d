#include "eval/grade/tokens.h"

#include <array>
#include <charconv>

#include "eval/grade/text.h"

namespace mod::eval {
namespace {

constexpr std::string_view kIgnored[] = {"quad",  "qquad",        "left",
                                         "right", "displaystyle", "limits"};

bool is_digit_at(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

bool is_letter_at(std::string_view text, std::size_t at) {
  return at < text.size() && ((text[at] | 32) >= 'a' && (text[at] | 32) <= 'z');
}

std::size_t number_end(std::string_view text, std::size_t at, bool thousands) {
  while (is_digit_at(text, at) || (text[at] == ' ' && is_digit_at(text, at + 1))) {
    if (++at >= text.size()) return at;
  }
  const auto is_group = [&text](std::size_t p) {
    return p < text.size() && text[p] == ',' && is_digit_at(text, p + 1) &&
           is_digit_at(text, p + 2) && is_digit_at(text, p + 3);
  };
  while (thousands && is_group(at)) at += 4;
  if (at < text.size() && text[at] == '.' && is_digit_at(text, at + 1)) {
    ++at;
    while (is_digit_at(text, at)) ++at;
  }
  return at;
}

std::size_t command_end(std::string_view text, std::size_t at) {
  if (!is_letter_at(text, at)) return at + character_at(text, at).size;
  while (is_letter_at(text, at)) ++at;
  return at;
}

bool is_ignored(std::string_view command) {
  if (command.size() == 1 && std::string_view(",;:! ").find(command[0]) != std::string_view::npos) {
    return true;
  }
  for (std::string_view name : kIgnored) {
    if (command == name) return true;
  }
  return false;
}

}  // namespace

std::vector<Token> tokenize_latex(std::string_view text, bool thousands) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    std::size_t end = at + c.size;
    if (is_space(c) || c.code == '~') {
      at = end;
      continue;
    }
    TokenKind kind = TokenKind::kSign;
    if (is_digit_at(text, at) || (text[at] == '.' && is_digit_at(text, at + 1))) {
      kind = TokenKind::kNumber;
      end = number_end(text, at, thousands);
    } else if (c.code == '\\') {
      kind = TokenKind::kCommand;
      end = command_end(text, at + 1);
      if (is_ignored(text.substr(at + 1, end - at - 1))) {
        at = end;
        continue;
      }
    } else if (is_letter_at(text, at) || (c.code >= 128 && is_word(c))) {
      kind = TokenKind::kLetter;
    }
    const std::size_t from = kind == TokenKind::kCommand ? at + 1 : at;
    tokens.push_back({kind, text.substr(from, end - from)});
    at = end;
  }
  tokens.push_back({});
  return tokens;
}

double number_value(std::string_view text) {
  // More digits than a double holds change nothing.
  std::array<char, 400> digits;
  std::size_t n = 0;
  for (char c : text) {
    if (c == ',' || c == ' ') continue;
    if (n == digits.size()) return c == '.' ? 1e308 : 0;
    digits[n++] = c;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + n, value);
  return error == std::errc() ? value : 0;
}

}  // namespace mod::eval
