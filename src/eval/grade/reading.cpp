#include "eval/grade/reading.h"

#include <string>

#include "eval/grade/latex_parser.h"
#include "eval/grade/text.h"

namespace mod::eval {
namespace {

constexpr std::size_t kLongestExpression = 4096;

Reading one(Statement statement, std::vector<Node> nodes) {
  Reading reading{.shape = Shape::kStatement, .nodes = std::move(nodes), .statements = {}};
  reading.statements.push_back(std::move(statement));
  return reading;
}

// Members separated by commas up to the end, or up to `close` at the end where it is given.
Reading read_members(std::string_view text, Shape shape, char close, GradeMode mode) {
  Reading reading{.shape = shape, .nodes = {}, .statements = {}};
  LatexParser parser(text, mode, reading.nodes);
  if (close != 0) parser.take_sign(text[0]);
  do {
    auto member = parser.statement();
    if (!member) return {};
    reading.statements.push_back(std::move(*member));
  } while (parser.take_sign(','));
  if (close != 0 && !parser.take_sign(close)) return {};
  return parser.at_end() ? reading : Reading{};
}

Reading read_bracketed(std::string_view text, GradeMode mode) {
  if (text.starts_with('(') && text.ends_with(')')) {
    return read_members(text, Shape::kTuple, ')', mode);
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    return read_members(text, Shape::kList, ']', mode);
  }
  if (text.starts_with('{') && text.ends_with('}')) {
    return read_members(text, Shape::kSet, '}', mode);
  }
  return {};
}

Reading read_strict(std::string_view text) {
  Reading sequence = read_members(text, Shape::kSequence, 0, GradeMode::kStrict);
  if (sequence.statements.size() == 1) sequence.shape = Shape::kStatement;
  if (sequence.shape != Shape::kText) return sequence;
  return read_bracketed(text, GradeMode::kStrict);
}

// "5." and percentages, which only the reference's other readers understand.
Reading read_scaled(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  double scale = 1;
  if (text.ends_with('%')) {
    text = trim_right(text.substr(0, text.size() - 1), "\\");
    scale = 0.01;
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  std::vector<Node> nodes;
  LatexParser parser(text, GradeMode::kQwen, nodes);
  auto statement = parser.statement();
  if (!statement || !parser.at_end() || !statement->relations.empty()) return {};
  nodes.push_back({.op = Op::kNumber, .value = scale});
  const int last = static_cast<int>(nodes.size()) - 1;
  nodes.push_back({.op = Op::kMultiply, .a = statement->sides[0], .b = last});
  statement->sides[0] = last + 1;
  return one(std::move(*statement), std::move(nodes));
}

Reading read_qwen(std::string_view text) {
  if (text.ends_with('%') || text.starts_with('$')) return read_scaled(text);
  std::vector<Node> nodes;
  LatexParser parser(text, GradeMode::kQwen, nodes);
  auto statement = parser.statement();
  if (statement && !parser.at_alien()) return one(std::move(*statement), std::move(nodes));
  const Reading members = read_bracketed(text, GradeMode::kQwen);
  return members.shape != Shape::kText ? members : read_scaled(text);
}

}  // namespace

Reading read_answer(std::string_view text, GradeMode mode) {
  text = trim(text);
  if (text.empty() || text.size() > kLongestExpression) return {};
  if (mode == GradeMode::kStrict) return read_strict(text);
  return read_qwen(text);
}

}  // namespace mod::eval
