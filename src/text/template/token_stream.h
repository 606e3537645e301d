// The parser's view of the tokens: one ahead, with the questions that a grammar asks.
#pragma once

#include <string_view>
#include <vector>

#include "text/template/token.h"

namespace mod::text::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  bool is(TokenKind kind) const { return current().kind == kind; }
  bool is_name(std::string_view word) const {
    return is(TokenKind::kName) && current().text == word;
  }
  bool is_operator(std::string_view op) const {
    return is(TokenKind::kOperator) && current().text == op;
  }
  bool ahead_is_name(std::string_view word) const {
    return ahead().kind == TokenKind::kName && ahead().text == word;
  }
  bool ahead_is_operator(std::string_view op) const {
    return ahead().kind == TokenKind::kOperator && ahead().text == op;
  }

  /// The last token (kEnd) is never passed.
  const Token& next() {
    const Token& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool skip_name(std::string_view word) {
    if (!is_name(word)) return false;
    next();
    return true;
  }
  bool skip_operator(std::string_view op) {
    if (!is_operator(op)) return false;
    next();
    return true;
  }
  void expect_operator(std::string_view op) {
    if (!skip_operator(op)) unexpected("'" + std::string(op) + "'");
  }
  const Token& expect(TokenKind kind, std::string_view what) {
    if (!is(kind)) unexpected(what);
    return next();
  }

  [[noreturn]] void unexpected(std::string_view wanted) const {
    fail_at(current().at, "expected " + std::string(wanted) + ", got " + describe(current()));
  }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace mod::text::jinja
