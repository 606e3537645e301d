// The parts of an expression that bind tightest: numbers, letters, groups, commands.
#include <algorithm>
#include <string>

#include "base/random.h"
#include "eval/grade/latex_parser.h"

namespace mod::eval {
namespace {

constexpr std::string_view kFunctions[] = {
    "sin",    "cos",    "tan",    "csc",    "sec",  "cot",  "arcsin", "arccos",
    "arctan", "arccsc", "arcsec", "arccot", "sinh", "cosh", "tanh",   "arsinh",
    "arcosh", "artanh", "exp",    "ln",     "log",  "lg"};

bool is_function(std::string_view name) {
  return std::find(std::begin(kFunctions), std::end(kFunctions), name) != std::end(kFunctions);
}

bool is_ascii_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

// Commands that close something or stand between expressions: no factor begins with them.
bool ends_expression(std::string_view name) {
  constexpr std::string_view kEnds[] = {"\\",    "cdot",   "times", "div", "lt", "gt",
                                        "le",    "leq",    "ge",    "geq", "ne", "neq",
                                        "rceil", "rfloor", "}",     "%",   "&",  "$"};
  return std::find(std::begin(kEnds), std::end(kEnds), name) != std::end(kEnds);
}

}  // namespace

bool LatexParser::starts_factor(bool in_argument) const {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kNumber:
    case TokenKind::kLetter:
      return true;
    case TokenKind::kCommand:
      return !ends_expression(token.text) && !(in_argument && is_function(token.text));
    case TokenKind::kSign:
      if (is_sign('|')) return bars_ == 0;
      return is_sign('(') || is_sign('[') || is_sign('{');
    case TokenKind::kEnd:
      break;
  }
  return false;
}

int LatexParser::atom() {
  const Level level(depth_);
  if (depth_ > kMaxDepth || failed_) return fail();
  const Token token = peek();
  switch (token.kind) {
    case TokenKind::kNumber:
      ++at_;
      return number(number_value(token.text));
    case TokenKind::kLetter:
      return letter();
    case TokenKind::kCommand:
      return ends_expression(token.text) ? fail() : command();
    case TokenKind::kSign:
      break;
    case TokenKind::kEnd:
      return fail();
  }
  if (is_sign('(') || is_sign('[') || is_sign('{')) return group(token.text[0]);
  if (!take_sign('|')) return fail();
  ++bars_;
  const int inside = additive();
  --bars_;
  if (failed_ || !take_sign('|')) return fail();
  return function("abs", inside);
}

// A name and its index, a_{n}, make one symbol.
std::uint64_t LatexParser::subscripted(std::string_view name) {
  std::string full(name);
  if (take_sign('_')) {
    full += '_';
    int open = 0;
    do {
      if (peek().kind == TokenKind::kEnd) return static_cast<void>(fail()), 0;
      if (is_sign('{')) ++open;
      if (is_sign('}')) --open;
      if (!is_sign('{') && !is_sign('}')) full += peek().text;
      ++at_;
    } while (open > 0);
  }
  while (take_sign('\'')) full += '\'';
  return fnv1a64(full);
}

int LatexParser::letter() {
  const std::string_view text = peek().text;
  ++at_;
  const std::uint64_t name = subscripted(text);
  if (mode_ == GradeMode::kQwen && is_sign('(')) return call(name);
  return add({.op = Op::kSymbol, .name = name});
}

// name(a) or name(a,b): a function that nobody knows.
int LatexParser::call(std::uint64_t name) {
  ++at_;
  Node node{.op = Op::kApply, .name = name};
  node.a = additive();
  if (!failed_ && take_sign(',')) node.b = additive();
  if (failed_ || !take_sign(')')) return fail();
  return add(node);
}

int LatexParser::command() {
  const std::string_view name = peek().text;
  ++at_;
  if (name == "frac") return fraction(Op::kDivide);
  if (name == "binom" || name == "dbinom" || name == "tbinom") return fraction(Op::kBinomial);
  if (name == "sqrt") return root();
  if (name == "overline") return overline();
  if (name == "lceil" || name == "lfloor") return ceiling(name == "lceil");
  if (name == "log" || name == "lg") {
    at_ -= 1;
    return logarithm();
  }
  if (is_function(name)) return known_function(name);
  if (name == "{") {
    const int inside = additive();
    if (failed_ || !is_command("}")) return fail();
    ++at_;
    return inside;
  }
  if (name == "sum" || name == "prod" || name == "int" || name == "lim" || name == "begin" ||
      name == "end" || name == "cup" || name == "cap") {
    return fail();
  }
  if (name.empty() || !is_ascii_letter(name[0])) return fail();
  // A command that nobody knows is a symbol: \pi is pi.
  const std::uint64_t symbol = subscripted(name);
  if (mode_ == GradeMode::kQwen && is_sign('(')) return call(symbol);
  return add({.op = Op::kSymbol, .name = symbol});
}

int LatexParser::fraction(Op op) {
  const int above = braced(), below = failed_ ? -1 : braced();
  return failed_ ? -1 : add({.op = op, .a = above, .b = below});
}

int LatexParser::root() {
  int degree = -1;
  if (is_sign('[')) degree = group('[');
  const int inside = failed_ ? -1 : braced();
  if (failed_) return -1;
  if (degree < 0) return function("sqrt", inside);
  const int one = number(1), exponent = add({.op = Op::kDivide, .a = one, .b = degree});
  return add({.op = Op::kPower, .a = inside, .b = exponent});
}

int LatexParser::overline() {
  const int inside = braced();
  return failed_ ? -1 : function("conjugate", inside);
}

int LatexParser::ceiling(bool up) {
  const std::size_t first = nodes_.size();
  const int inside = additive();
  if (failed_ || !is_command(up ? "rceil" : "rfloor")) return fail();
  ++at_;
  const std::string_view name = up ? "ceil" : "floor";
  const bool constant = std::none_of(
      nodes_.begin() + static_cast<std::ptrdiff_t>(first), nodes_.end(),
      [](const Node& node) { return node.op == Op::kSymbol || node.op == Op::kApply; });
  // Steps of an unknown hide differences at the points near zero where it is evaluated.
  if (constant) return function(name, inside);
  return add({.op = Op::kApply, .a = inside, .name = fnv1a64(name)});
}

int LatexParser::function_argument() {
  if (is_sign('(')) return group('(');
  return product(true);
}

// \sin^{-1} is the inverse, any other exponent is the power of the value.
int LatexParser::known_function(std::string_view name) {
  int exponent = -1;
  bool inverse = false;
  if (take_sign('^')) {
    if (is_sign('{') && is_sign('-', 1) && peek(2).text == "1" && is_sign('}', 3)) {
      at_ += 4;
      inverse = true;
    } else {
      exponent = braced_or_atom();
    }
  }
  if (failed_) return -1;
  const int argument = function_argument();
  if (failed_) return -1;
  const std::string full = (inverse ? "arc" : "") + std::string(name);
  const int value = function(full, argument);
  return exponent < 0 ? value : add({.op = Op::kPower, .a = value, .b = exponent});
}

// Without a base \log is natural, as in the reference; \lg is to base 10.
int LatexParser::logarithm() {
  const bool decimal = peek().text == "lg";
  ++at_;
  int base = decimal ? number(10) : -1;
  if (take_sign('_')) {
    if (is_sign('{')) {
      base = group('{');
    } else if (peek().kind == TokenKind::kNumber && peek().text.size() > 1) {
      // \log_28: the base is one digit, the rest the argument.
      Token& token = tokens_[at_];
      base = number(number_value(token.text.substr(0, 1)));
      token.text.remove_prefix(1);
    } else {
      base = atom();
    }
  }
  if (failed_) return -1;
  int exponent = -1;
  if (take_sign('^')) exponent = braced_or_atom();
  const int argument = failed_ ? -1 : function_argument();
  if (failed_) return -1;
  const int value =
      base < 0 ? function("ln", argument) : add({.op = Op::kLog, .a = argument, .b = base});
  return exponent < 0 ? value : add({.op = Op::kPower, .a = value, .b = exponent});
}

}  // namespace mod::eval
