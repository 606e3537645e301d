// Expressions with Jinja's precedence, loosest first: x if c else y; or; and; not; comparisons, in;
// + -; ~; * / // %;
// **; unary + -; attributes, subscripts, calls; filters and tests.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/template/ast.h"
#include "text/template/token_stream.h"

namespace mod::text::jinja {

/// What the name stands for; each name is stored once for a template.
class SymbolTable {
 public:
  Symbol add(std::string_view name);
  const Text& text(Symbol symbol) const { return names_[symbol]; }
  std::vector<Text> take() { return std::move(names_); }

 private:
  std::vector<Text> names_;
  std::unordered_map<std::string, Symbol> index_;
};

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& tokens, SymbolTable& symbols)
      : tokens_(tokens), symbols_(symbols) {}

  ExprPtr expression();
  ExprPtr expression_without_conditional() { return logical_or(); }
  /// An expression, or several with commas between them as a tuple. `end_word` also ends it.
  ExprPtr tuple(bool with_conditional, std::string_view end_word = {});
  /// Names, attributes of names (with `attributes`) and tuples of them.
  Target target(bool attributes, std::string_view end_word = {});
  /// `input|filter|filter`; `first_inline` if the first filter stands without '|'.
  ExprPtr filters(ExprPtr input, bool first_inline);
  /// Expressions with commas between them, up to the end of the statement, joined as text.
  ExprPtr concatenation(Offset at);
  ExprPtr captured(Offset at);

  /// While true, unknown filters and tests are left to the rendering.
  bool in_branch = false;
  /// The macros around the current place; told which special names are read in them.
  std::vector<MacroInfo*> macros;

 private:
  class Nesting;

  ExprPtr conditional();
  ExprPtr logical_or();
  ExprPtr logical_and();
  ExprPtr logical_not();
  ExprPtr comparison();
  ExprPtr sum();
  ExprPtr concat();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool with_filters);
  ExprPtr primary();
  ExprPtr number();
  ExprPtr string();
  ExprPtr name();
  ExprPtr list();
  ExprPtr dict();
  ExprPtr parenthesized();
  ExprPtr postfix(ExprPtr object);
  ExprPtr filters_and_tests(ExprPtr input);
  ExprPtr filter(ExprPtr input);
  ExprPtr test(ExprPtr input);
  ExprPtr attribute(ExprPtr object);
  ExprPtr subscript(ExprPtr object);
  ExprPtr slice(ExprPtr object, ExprPtr start, Offset at);
  ExprPtr call(ExprPtr callee);
  ArgumentExprs arguments();
  std::string dotted_name();
  Target single_target(bool attributes);
  bool is_tuple_end(std::string_view end_word) const;
  void note_name(std::string_view name);

  template <typename Node>
  ExprPtr make(Offset at, int child_depth, Node node);

  TokenStream& tokens_;
  SymbolTable& symbols_;
  int nesting_ = 0;
};

}  // namespace mod::text::jinja
