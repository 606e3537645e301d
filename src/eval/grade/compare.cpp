#include "eval/grade/compare.h"

#include <algorithm>

#include "eval/grade/evaluate.h"

namespace mod::eval {
namespace {

constexpr std::size_t kMostMembers = 64;  // of a set, compared each with each

Relation flipped(Relation relation) {
  switch (relation) {
    case Relation::kLess:
      return Relation::kGreater;
    case Relation::kLessEqual:
      return Relation::kGreaterEqual;
    case Relation::kGreater:
      return Relation::kLess;
    case Relation::kGreaterEqual:
      return Relation::kLessEqual;
    default:
      return relation;
  }
}

Statement flipped(Statement statement) {
  std::reverse(statement.sides.begin(), statement.sides.end());
  std::reverse(statement.relations.begin(), statement.relations.end());
  for (Relation& relation : statement.relations) relation = flipped(relation);
  return statement;
}

bool sides_equal(const Reading& a, const Statement& x, const Reading& b, const Statement& y) {
  if (x.relations != y.relations) return false;
  for (std::size_t i = 0; i < x.sides.size(); ++i) {
    if (!same_value(a.nodes, x.sides[i], b.nodes, y.sides[i])) return false;
  }
  return true;
}

bool statements_equal(const Reading& a, const Statement& x, const Reading& b, const Statement& y) {
  if (x.relations.size() != y.relations.size()) return false;
  if (sides_equal(a, x, b, y)) return true;
  if (x.relations.empty()) return false;
  if (sides_equal(a, x, b, flipped(y))) return true;
  return x.relations.size() == 1 && x.relations == y.relations &&
         x.relations[0] == Relation::kEqual &&
         same_difference(a.nodes, x.sides[0], x.sides[1], b.nodes, y.sides[0], y.sides[1]);
}

bool sets_equal(const Reading& a, const Reading& b) {
  if (a.statements.size() > kMostMembers) return false;
  std::vector<bool> used(b.statements.size());
  for (const Statement& x : a.statements) {
    bool found = false;
    for (std::size_t j = 0; j < b.statements.size() && !found; ++j) {
      if (used[j] || !statements_equal(a, x, b, b.statements[j])) continue;
      used[j] = found = true;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

bool readings_equal(const Reading& a, const Reading& b, GradeMode mode) {
  if (a.shape == Shape::kText || a.shape != b.shape) return false;
  if (a.statements.size() != b.statements.size()) return false;
  if (a.shape == Shape::kSet && mode == GradeMode::kQwen) return sets_equal(a, b);
  for (std::size_t i = 0; i < a.statements.size(); ++i) {
    if (!statements_equal(a, a.statements[i], b, b.statements[i])) return false;
  }
  return true;
}

}  // namespace mod::eval
