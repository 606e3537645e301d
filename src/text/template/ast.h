// A parsed template. Nodes look into the source and own their children; nothing changes after
// parsing, so one tree serves any number of renderings at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/template/value.h"

namespace mod::text::jinja {

struct FilterInfo;
struct TestInfo;

/// Index into Program::names.
using Symbol = std::uint32_t;

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class UnaryOp : std::uint8_t { kNot, kMinus, kPlus };
enum class BinaryOp : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower
};
enum class CompareOp : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn
};

struct ArgumentExprs {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr list, dict;  // *list, **dict; may be null
};

struct Literal {
  Value value;
};
struct NameExpr {
  Symbol name;
};
struct ListExpr {
  std::vector<ExprPtr> items;
};
struct TupleExpr {
  std::vector<ExprPtr> items;
};
struct DictExpr {
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};
struct UnaryExpr {
  UnaryOp op;
  ExprPtr operand;
};
struct BinaryExpr {
  BinaryOp op;
  ExprPtr left, right;
};
struct LogicalExpr {
  bool is_and;
  ExprPtr left, right;
};
struct CompareExpr {  // a < b <= c
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
struct ConcatExpr {  // a ~ b ~ c
  std::vector<ExprPtr> parts;
};
struct ConditionalExpr {  // value if condition else otherwise
  ExprPtr condition, value;
  ExprPtr otherwise;  // null: undefined
};
struct AttributeExpr {
  ExprPtr object;
  Text name;
};
struct SubscriptExpr {
  ExprPtr object, index;
};
struct SliceExpr {
  ExprPtr object;
  ExprPtr start, stop, step;  // may be null
};
struct CallExpr {
  ExprPtr callee;
  ArgumentExprs arguments;
};
struct FilterExpr {
  ExprPtr input;
  const FilterInfo* filter;  // null: unknown, an error once it is reached
  std::string name;
  ArgumentExprs arguments;
};
struct TestExpr {
  ExprPtr input;
  const TestInfo* test;  // as FilterExpr::filter
  std::string name;
  ArgumentExprs arguments;
};
/// The text that the block around it has produced: what {% filter %} and {% set %} begin with.
struct CapturedExpr {};

struct Expr {
  Offset at;
  int depth;  // of expressions in expressions: bounds the recursion over the tree
  std::variant<Literal, NameExpr, ListExpr, TupleExpr, DictExpr, UnaryExpr, BinaryExpr, LogicalExpr,
               CompareExpr, ConcatExpr, ConditionalExpr, AttributeExpr, SubscriptExpr, SliceExpr,
               CallExpr, FilterExpr, TestExpr, CapturedExpr>
      node;
};

struct Statement;
using Block = std::vector<Statement>;

/// What is assigned to: a name, an attribute of a namespace, or several of them.
struct Target {
  struct Attribute {
    Symbol object;
    Text name;
  };
  Offset at = 0;
  std::variant<Symbol, Attribute, std::vector<Target>> node;
};

struct DataStmt {
  std::string_view text;
};
struct PrintStmt {
  ExprPtr value;
};
struct IfStmt {
  struct Branch {
    ExprPtr condition;
    Block body;
  };
  std::vector<Branch> branches;
  Block otherwise;
};
struct ForStmt {
  Target target;
  ExprPtr items;
  ExprPtr filter;  // null: all
  Block body, otherwise;
};
struct SetStmt {
  Target target;
  ExprPtr value;
};
struct SetBlockStmt {
  Target target;
  ExprPtr value;  // of CapturedExpr, through filters
  Block body;
};
/// Also the body of a {% call %} block.
struct MacroInfo {
  struct Parameter {
    Symbol name;
    ExprPtr value;  // by default; null: none
  };
  Text name;
  std::vector<Parameter> parameters;
  Block body;
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};
struct MacroStmt {
  Symbol name;
  MacroInfo macro;
};
struct CallStmt {
  MacroInfo caller;
  ExprPtr call;  // holds a CallExpr
};
struct FilterStmt {
  ExprPtr value;  // of CapturedExpr
  Block body;
};
struct WithStmt {
  std::vector<std::pair<Target, ExprPtr>> values;
  Block body;
};
/// {% generation %}: marks what an assistant says; here only a scope of its own.
struct GenerationStmt {
  Block body;
};
struct BreakStmt {};
struct ContinueStmt {};

struct Statement {
  Offset at;
  std::variant<DataStmt, PrintStmt, IfStmt, ForStmt, SetStmt, SetBlockStmt, MacroStmt, CallStmt,
               FilterStmt, WithStmt, GenerationStmt, BreakStmt, ContinueStmt>
      node;
};

/// The symbols that the interpreter itself sets.
struct KnownSymbols {
  Symbol loop, caller, varargs, kwargs;
};

struct Program {
  std::string source;       // normalized; nodes look into it
  std::vector<Text> names;  // by Symbol
  KnownSymbols known;
  Block body;
};

}  // namespace mod::text::jinja
