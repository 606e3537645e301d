// A small LaTeX reader for answers: no computer algebra, only expressions that can be evaluated.
// The grammar is the one that the reference's readings show (docs/grading.md). Depth, size and time
// are bounded; what is too large or not understood is read as text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mod::eval {

enum class GradeMode {
  kStrict,  // the whole answer must be understood
  kQwen,    // the reference's readings: what follows a complete expression is ignored
};

enum class Op : std::uint8_t {
  kNumber,  // value
  kSymbol,  // name
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kPower,
  kNegate,
  kFunction,   // name of the function in `name`, argument a
  kLog,        // logarithm of a to base b
  kFactorial,  // of a
  kBinomial,   // a over b
  kApply,      // unknown function `name` of a, and of b where b >= 0
};

/// Operands are indices of earlier nodes, so that a reading is evaluated front to back.
struct Node {
  Op op = Op::kNumber;
  int a = -1, b = -1;
  double value = 0;
  std::uint64_t name = 0;  // FNV-1a of the symbol's or function's name
};

enum class Relation : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

/// An expression, or several joined by relations: relations.size() + 1 == sides.size().
struct Statement {
  std::vector<int> sides;  // indices into Reading::nodes
  std::vector<Relation> relations;
};

enum class Shape : std::uint8_t { kText, kStatement, kSequence, kTuple, kList, kSet };

struct Reading {
  Shape shape = Shape::kText;
  std::vector<Node> nodes;
  std::vector<Statement> statements;  // one for kStatement, the members otherwise
};

Reading read_answer(std::string_view text, GradeMode mode);

}  // namespace mod::eval
