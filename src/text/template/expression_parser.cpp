// Operands, and what can be assigned to.
#include "text/template/expression_parser.h"

#include <string_view>

#include "checkpoint/quote.h"
#include "text/template/expression_parser_parts.h"
#include "text/template/numbers.h"

namespace mod::text::jinja {

Symbol SymbolTable::add(std::string_view name) {
  const auto [it, added] =
      index_.try_emplace(std::string(name), static_cast<Symbol>(names_.size()));
  if (added) names_.push_back(std::make_shared<const std::string>(name));
  return it->second;
}

ExprPtr ExpressionParser::captured(Offset at) { return make(at, 0, CapturedExpr{}); }

ExprPtr ExpressionParser::primary() {
  switch (tokens_.current().kind) {
    case TokenKind::kName:
      return name();
    case TokenKind::kString:
      return string();
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return number();
    default:
      break;
  }
  if (tokens_.is_operator("(")) return parenthesized();
  if (tokens_.is_operator("[")) return list();
  if (tokens_.is_operator("{")) return dict();
  tokens_.unexpected("an expression");
}

ExprPtr ExpressionParser::name() {
  const Token& token = tokens_.next();
  if (token.text == "true" || token.text == "True") return make(token.at, 0, Literal{Value(true)});
  if (token.text == "false" || token.text == "False") {
    return make(token.at, 0, Literal{Value(false)});
  }
  if (token.text == "none" || token.text == "None") {
    return make(token.at, 0, Literal{Value(None{})});
  }
  note_name(token.text);
  return make(token.at, 0, NameExpr{symbols_.add(token.text)});
}

void ExpressionParser::note_name(std::string_view name) {
  for (MacroInfo* macro : macros) {
    macro->uses_caller = macro->uses_caller || name == "caller";
    macro->uses_varargs = macro->uses_varargs || name == "varargs";
    macro->uses_kwargs = macro->uses_kwargs || name == "kwargs";
  }
}

ExprPtr ExpressionParser::string() {
  const Offset at = tokens_.current().at;
  std::string text;
  while (tokens_.is(TokenKind::kString)) text += tokens_.next().string;
  return make(at, 0, Literal{Value::string(std::move(text))});
}

ExprPtr ExpressionParser::number() {
  const Token& token = tokens_.next();
  if (token.kind == TokenKind::kFloat) {
    return make(token.at, 0, Literal{Value(parse_real(token.text).value_or(0))});
  }
  return make(token.at, 0, Literal{Value(parse_int(token.text, 0).value_or(0))});
}

ExprPtr ExpressionParser::parenthesized() {
  const Nesting nesting(*this);
  const Offset at = tokens_.next().at;
  if (tokens_.skip_operator(")")) return make(at, 0, TupleExpr{});
  ExprPtr value = tuple(true);
  tokens_.expect_operator(")");
  return value;
}

ExprPtr ExpressionParser::list() {
  const Offset at = tokens_.next().at;
  std::vector<ExprPtr> items;
  while (!tokens_.is_operator("]")) {
    if (!items.empty()) tokens_.expect_operator(",");
    if (tokens_.is_operator("]")) break;
    items.push_back(expression());
  }
  tokens_.next();
  const int depth = depth_of(items);
  return make(at, depth, ListExpr{std::move(items)});
}

ExprPtr ExpressionParser::dict() {
  const Offset at = tokens_.next().at;
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
  int depth = 0;
  while (!tokens_.is_operator("}")) {
    if (!items.empty()) tokens_.expect_operator(",");
    if (tokens_.is_operator("}")) break;
    ExprPtr key = expression();
    tokens_.expect_operator(":");
    ExprPtr value = expression();
    depth = std::max({depth, key->depth, value->depth});
    items.emplace_back(std::move(key), std::move(value));
  }
  tokens_.next();
  return make(at, depth, DictExpr{std::move(items)});
}

bool ExpressionParser::is_tuple_end(std::string_view end_word) const {
  return tokens_.is(TokenKind::kPrintEnd) || tokens_.is(TokenKind::kBlockEnd) ||
         tokens_.is_operator(")") || (!end_word.empty() && tokens_.is_name(end_word));
}

ExprPtr ExpressionParser::tuple(bool with_conditional, std::string_view end_word) {
  const auto parse = [&] { return with_conditional ? expression() : logical_or(); };
  const Offset at = tokens_.current().at;
  if (is_tuple_end(end_word)) tokens_.unexpected("an expression");
  ExprPtr first = parse();
  if (!tokens_.is_operator(",")) return first;
  std::vector<ExprPtr> items;
  items.push_back(std::move(first));
  while (tokens_.skip_operator(",")) {
    if (is_tuple_end(end_word)) break;
    items.push_back(parse());
  }
  const int depth = depth_of(items);
  return make(at, depth, TupleExpr{std::move(items)});
}

Target ExpressionParser::single_target(bool attributes) {
  const Nesting nesting(*this);
  Target result;
  result.at = tokens_.current().at;
  if (tokens_.skip_operator("(")) {
    result = target(attributes);
    tokens_.expect_operator(")");
    return result;
  }
  const Token& token = tokens_.expect(TokenKind::kName, "a name to assign to");
  for (const std::string_view constant : {"true", "True", "false", "False", "none", "None"}) {
    if (token.text == constant) {
      fail_at(token.at, "cannot assign to " + checkpoint::quote_name(constant));
    }
  }
  const Symbol name = symbols_.add(token.text);
  if (!attributes || !tokens_.skip_operator(".")) {
    result.node = name;
    return result;
  }
  const Token& attribute = tokens_.expect(TokenKind::kName, "the name of an attribute");
  result.node = Target::Attribute{name, symbols_.text(symbols_.add(attribute.text))};
  return result;
}

Target ExpressionParser::target(bool attributes, std::string_view end_word) {
  Target first = single_target(attributes);
  if (!tokens_.is_operator(",")) return first;
  std::vector<Target> items;
  const Offset at = first.at;
  items.push_back(std::move(first));
  while (tokens_.skip_operator(",")) {
    if (is_tuple_end(end_word)) break;
    items.push_back(single_target(attributes));
  }
  Target result;
  result.at = at;
  result.node = std::move(items);
  return result;
}

}  // namespace mod::text::jinja
