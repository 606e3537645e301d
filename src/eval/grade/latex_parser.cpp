#include "eval/grade/latex_parser.h"

#include <algorithm>

#include "base/random.h"

namespace mod::eval {
namespace {

constexpr std::size_t kMaxNodes = 4000;

constexpr std::pair<std::string_view, Relation> kRelationCommands[] = {
    {"lt", Relation::kLess},         {"gt", Relation::kGreater},
    {"le", Relation::kLessEqual},    {"leq", Relation::kLessEqual},
    {"ge", Relation::kGreaterEqual}, {"geq", Relation::kGreaterEqual},
    {"ne", Relation::kNotEqual},     {"neq", Relation::kNotEqual}};

}  // namespace

LatexParser::LatexParser(std::string_view text, GradeMode mode, std::vector<Node>& nodes)
    : tokens_(tokenize_latex(text, mode == GradeMode::kQwen)), mode_(mode), nodes_(nodes) {}

const Token& LatexParser::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool LatexParser::is_sign(char sign, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kSign && token.text.size() == 1 && token.text[0] == sign;
}

bool LatexParser::is_command(std::string_view name, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::kCommand && peek(ahead).text == name;
}

bool LatexParser::take_sign(char sign) {
  if (!is_sign(sign)) return false;
  ++at_;
  return true;
}

int LatexParser::fail() {
  failed_ = true;
  return -1;
}

int LatexParser::add(Node node) {
  if (failed_ || nodes_.size() >= kMaxNodes) return fail();
  nodes_.push_back(node);
  return static_cast<int>(nodes_.size()) - 1;
}

// The reference ends an expression before an operator whose right side cannot be read. Each
// operator is left once, on the way out, so the work stays linear.
bool LatexParser::rewind(std::size_t position, std::size_t nodes) {
  if (!failed_ || mode_ != GradeMode::kQwen || nodes_.size() >= kMaxNodes) return false;
  at_ = position;
  nodes_.resize(nodes);
  failed_ = false;
  return true;
}

bool LatexParser::at_alien() const {
  const Token& token = peek();
  if (token.kind == TokenKind::kCommand)
    return !token.text.empty() && token.text[0] >= '0' && token.text[0] <= '9';
  return token.kind == TokenKind::kSign &&
         std::string_view("@#\";?`").find(token.text[0]) != std::string_view::npos;
}

int LatexParser::number(double value) { return add({.op = Op::kNumber, .value = value}); }

int LatexParser::function(std::string_view name, int argument) {
  return add({.op = Op::kFunction, .a = argument, .name = fnv1a64(name)});
}

std::optional<Relation> LatexParser::relation() const {
  if (is_sign('=')) return Relation::kEqual;
  if (is_sign('<')) return Relation::kLess;
  if (is_sign('>')) return Relation::kGreater;
  if (peek().kind != TokenKind::kCommand) return std::nullopt;
  for (const auto& [name, value] : kRelationCommands) {
    if (peek().text == name) return value;
  }
  return std::nullopt;
}

std::optional<Statement> LatexParser::statement() {
  Statement result;
  for (;;) {
    const int side = additive();
    if (failed_) return std::nullopt;
    result.sides.push_back(side);
    const auto next = relation();
    if (!next) return result;
    result.relations.push_back(*next);
    ++at_;
  }
}

int LatexParser::additive() {
  const Level level(depth_);
  if (depth_ > kMaxDepth) return fail();
  int left = product(false);
  while (!failed_ && (is_sign('+') || is_sign('-'))) {
    const Op op = is_sign('+') ? Op::kAdd : Op::kSubtract;
    const std::size_t before = at_++, nodes = nodes_.size();
    const int right = product(false);
    if (rewind(before, nodes)) break;
    left = add({.op = op, .a = left, .b = right});
  }
  return failed_ ? -1 : left;
}

std::optional<Op> LatexParser::product_sign() const {
  if (is_sign('*') || is_command("cdot") || is_command("times")) return Op::kMultiply;
  if (is_sign('/') || is_sign(':') || is_command("div")) return Op::kDivide;
  return std::nullopt;
}

int LatexParser::product(bool in_argument) {
  int left = unary(in_argument);
  while (!failed_) {
    const auto op = product_sign();
    if (!op) break;
    const std::size_t before = at_++, nodes = nodes_.size();
    const int right = unary(in_argument);
    if (rewind(before, nodes)) break;
    left = add({.op = *op, .a = left, .b = right});
  }
  return failed_ ? -1 : left;
}

int LatexParser::unary(bool in_argument) {
  bool negative = false;
  while (is_sign('+') || is_sign('-')) {
    negative ^= is_sign('-');
    ++at_;
  }
  const int value = factors(in_argument);
  return negative ? add({.op = Op::kNegate, .a = value}) : value;
}

// Factors side by side bind tighter than a slash: 2/3x is 2/(3x).
int LatexParser::factors(bool in_argument) {
  int left = postfix(in_argument);
  while (!failed_ && starts_factor(in_argument)) {
    const int right = postfix(in_argument);
    left = add({.op = Op::kMultiply, .a = left, .b = right});
  }
  return failed_ ? -1 : left;
}

int LatexParser::postfix(bool) {
  int value = atom();
  while (!failed_) {
    if (take_sign('!')) {
      value = add({.op = Op::kFactorial, .a = value});
    } else if (is_sign('^')) {
      const std::size_t before = at_;
      const int raised = power(value);
      if (at_ == before) break;
      value = raised;
    } else {
      break;
    }
  }
  return failed_ ? -1 : value;
}

// The reference stops at an exponent with a sign and without braces.
int LatexParser::power(int base) {
  const bool is_signed = is_sign('-', 1) || is_sign('+', 1);
  if (is_signed && mode_ == GradeMode::kQwen) return base;
  ++at_;
  const bool negative = is_sign('-');
  if (is_signed) ++at_;
  int exponent = braced_or_atom();
  if (negative) exponent = add({.op = Op::kNegate, .a = exponent});
  return add({.op = Op::kPower, .a = base, .b = exponent});
}

int LatexParser::group(char open) {
  const char close = open == '(' ? ')' : open == '[' ? ']' : '}';
  ++at_;
  const int inside = additive();
  if (failed_ || !take_sign(close)) return fail();
  return inside;
}

int LatexParser::braced() { return is_sign('{') ? group('{') : fail(); }

int LatexParser::braced_or_atom() {
  const Level level(depth_);
  if (depth_ > kMaxDepth) return fail();
  if (is_sign('{')) return group('{');
  // One digit in LaTeX, the whole number in the reference's reader.
  return atom();
}

}  // namespace mod::eval
