// What follows an operand: attributes, subscripts, calls, filters and tests.
#include "text/template/expression_parser_parts.h"
#include "text/template/registry.h"

namespace mod::text::jinja {

ExprPtr ExpressionParser::postfix(ExprPtr object) {
  while (true) {
    if (tokens_.is_operator(".")) {
      object = attribute(std::move(object));
    } else if (tokens_.is_operator("[")) {
      object = subscript(std::move(object));
    } else if (tokens_.is_operator("(")) {
      object = call(std::move(object));
    } else {
      return object;
    }
  }
}

ExprPtr ExpressionParser::attribute(ExprPtr object) {
  tokens_.next();
  const Token& token = tokens_.current();
  const int depth = object->depth;
  if (token.kind == TokenKind::kInteger) {
    ExprPtr index = number();
    return make(token.at, depth, SubscriptExpr{std::move(object), std::move(index)});
  }
  tokens_.expect(TokenKind::kName, "the name or number of an attribute");
  return make(token.at, depth,
              AttributeExpr{std::move(object), symbols_.text(symbols_.add(token.text))});
}

ExprPtr ExpressionParser::subscript(ExprPtr object) {
  const Offset at = tokens_.next().at;
  if (tokens_.skip_operator(":")) return slice(std::move(object), nullptr, at);
  std::vector<ExprPtr> indices;
  while (!tokens_.is_operator("]")) {
    if (!indices.empty()) tokens_.expect_operator(",");
    indices.push_back(expression());
    if (!tokens_.is_operator(":")) continue;
    if (indices.size() > 1) tokens_.unexpected("']'; a slice stands alone");
    tokens_.next();
    return slice(std::move(object), std::move(indices[0]), at);
  }
  tokens_.next();
  const int depth = std::max(object->depth, depth_of(indices));
  ExprPtr index =
      indices.size() == 1 ? std::move(indices[0]) : make(at, depth, TupleExpr{std::move(indices)});
  return make(at, depth + 1, SubscriptExpr{std::move(object), std::move(index)});
}

/// After the first colon.
ExprPtr ExpressionParser::slice(ExprPtr object, ExprPtr start, Offset at) {
  const auto part = [&]() -> ExprPtr {
    return tokens_.is_operator(":") || tokens_.is_operator("]") ? nullptr : expression();
  };
  ExprPtr stop = part();
  ExprPtr step;
  if (tokens_.skip_operator(":")) step = part();
  tokens_.expect_operator("]");
  const int depth = std::max({object->depth, depth_of(start), depth_of(stop), depth_of(step)});
  return make(at, depth,
              SliceExpr{std::move(object), std::move(start), std::move(stop), std::move(step)});
}

ExprPtr ExpressionParser::call(ExprPtr callee) {
  const Offset at = tokens_.current().at;
  ArgumentExprs args = arguments();
  const int depth = std::max(callee->depth, depth_of(args));
  return make(at, depth, CallExpr{std::move(callee), std::move(args)});
}

ArgumentExprs ExpressionParser::arguments() {
  tokens_.expect_operator("(");
  ArgumentExprs args;
  const auto require = [&](bool holds) {
    if (!holds) tokens_.unexpected("arguments in the order: positional, named, *list, **dict");
  };
  for (bool first = true; !tokens_.is_operator(")"); first = false) {
    if (!first) {
      tokens_.expect_operator(",");
      if (tokens_.is_operator(")")) break;
    }
    if (tokens_.skip_operator("*")) {
      require(!args.list && !args.dict);
      args.list = expression();
    } else if (tokens_.skip_operator("**")) {
      require(!args.dict);
      args.dict = expression();
    } else if (tokens_.is(TokenKind::kName) && tokens_.ahead_is_operator("=")) {
      require(!args.dict);
      std::string name(tokens_.next().text);
      tokens_.next();
      args.named.emplace_back(std::move(name), expression());
    } else {
      require(!args.list && !args.dict && args.named.empty());
      args.positional.push_back(expression());
    }
  }
  tokens_.next();
  return args;
}

ExprPtr ExpressionParser::filters_and_tests(ExprPtr input) {
  while (true) {
    if (tokens_.skip_operator("|")) {
      input = filter(std::move(input));
    } else if (tokens_.is_name("is")) {
      input = test(std::move(input));
    } else if (tokens_.is_operator("(")) {
      input = call(std::move(input));
    } else {
      return input;
    }
  }
}

ExprPtr ExpressionParser::filters(ExprPtr input, bool first_inline) {
  if (first_inline) input = filter(std::move(input));
  while (tokens_.skip_operator("|")) input = filter(std::move(input));
  return input;
}

std::string ExpressionParser::dotted_name() {
  std::string name(tokens_.expect(TokenKind::kName, "a name").text);
  while (tokens_.skip_operator(".")) {
    name += ".";
    name += tokens_.expect(TokenKind::kName, "a name").text;
  }
  return name;
}

ExprPtr ExpressionParser::filter(ExprPtr input) {
  const Offset at = tokens_.current().at;
  std::string name = dotted_name();
  const FilterInfo* info = find_filter(name);
  if (!info && !in_branch) fail_unknown_filter(name, at);
  ArgumentExprs args;
  if (tokens_.is_operator("(")) args = arguments();
  const int depth = std::max(input->depth, depth_of(args));
  return make(at, depth, FilterExpr{std::move(input), info, std::move(name), std::move(args)});
}

ExprPtr ExpressionParser::test(ExprPtr input) {
  const Offset is_at = tokens_.next().at;
  const bool negated = tokens_.skip_name("not");
  const Offset at = tokens_.current().at;
  std::string name = dotted_name();
  const TestInfo* info = find_test(name);
  if (!info && !in_branch) fail_unknown_test(name, at);
  ArgumentExprs args;
  const TokenKind kind = tokens_.current().kind;
  const bool literal = kind == TokenKind::kName || kind == TokenKind::kString ||
                       kind == TokenKind::kInteger || kind == TokenKind::kFloat ||
                       tokens_.is_operator("[") || tokens_.is_operator("{");
  const bool ends = tokens_.is_name("else") || tokens_.is_name("or") || tokens_.is_name("and");
  if (tokens_.is_operator("(")) {
    args = arguments();
  } else if (literal && !ends) {
    if (tokens_.is_name("is")) fail_at(tokens_.current().at, "tests cannot be chained with `is`");
    args.positional.push_back(postfix(primary()));
  }
  const int depth = std::max(input->depth, depth_of(args));
  ExprPtr value =
      make(at, depth, TestExpr{std::move(input), info, std::move(name), std::move(args)});
  if (!negated) return value;
  return make(is_at, depth + 1, UnaryExpr{UnaryOp::kNot, std::move(value)});
}

}  // namespace mod::text::jinja
