// What can stand behind `is`.
#include <cmath>

#include "text/template/compare.h"
#include "text/template/interpreter.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/show.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

template <Kind kKind>
bool is_kind(Interpreter&, const Value& value, const Args&) {
  return value.is(kKind);
}

bool defined(Interpreter&, const Value& value, const Args&) { return !value.is_undefined(); }
bool number(Interpreter&, const Value& value, const Args&) { return value.is_number(); }
bool iterable(Interpreter&, const Value& value, const Args&) { return is_iterable(value); }
bool is_true_itself(Interpreter&, const Value& value, const Args&) {
  return value.is(Kind::kBool) && value.boolean();
}
bool is_false_itself(Interpreter&, const Value& value, const Args&) {
  return value.is(Kind::kBool) && !value.boolean();
}

// Undefined values have a length, elements (that fail) and a call (that fails).
bool sequence(Interpreter&, const Value& value, const Args&) {
  return value.is_undefined() || value.is_string() || value.is_dict() ||
         (value.is_sequence() && value.sequence().is_indexable());
}

bool is_callable(Interpreter&, const Value& value, const Args&) {
  return value.is(Kind::kCallable) || value.is(Kind::kLoop) || value.is_undefined();
}

bool escaped(Interpreter&, const Value& value, const Args&) {
  return value.is_string() && value.string().markup;
}

bool lower(Interpreter& run, const Value& value, const Args&) {
  const std::string text = to_text(run.budget(), value);
  run.budget().spend(text.size());
  return is_lower_text(text);
}

bool upper(Interpreter& run, const Value& value, const Args&) {
  const std::string text = to_text(run.budget(), value);
  run.budget().spend(text.size());
  return is_upper_text(text);
}

Value rest_of(Interpreter& run, const Value& value, const Value& divisor) {
  return binary(run.budget(), BinaryOp::kModulo, value, divisor);
}

bool odd(Interpreter& run, const Value& value, const Args&) {
  return is_equal(run.budget(), rest_of(run, value, Value(Int{2})), Value(Int{1}));
}

bool even(Interpreter& run, const Value& value, const Args&) {
  return is_equal(run.budget(), rest_of(run, value, Value(Int{2})), Value(Int{0}));
}

bool divisible_by(Interpreter& run, const Value& value, const Args& args) {
  return is_equal(run.budget(), rest_of(run, value, args[0]), Value(Int{0}));
}

// Python's `is`: numbers and strings are taken for the same object where they are equal.
bool same_as(Interpreter& run, const Value& value, const Args& args) {
  if (value.kind() != args[0].kind()) return false;
  return value.address() ? value.address() == args[0].address()
                         : is_equal(run.budget(), value, args[0]);
}

template <CompareOp kOp>
bool compares(Interpreter& run, const Value& value, const Args& args) {
  return compare(run.budget(), kOp, value, args[0]);
}

// The names are the keys of a dict in Python: what cannot be a key is an error.
bool is_filter(Interpreter& run, const Value& value, const Args&) {
  hash_of(run.budget(), value);
  return value.is_string() && find_filter(value.text());
}

bool is_test(Interpreter& run, const Value& value, const Args&) {
  hash_of(run.budget(), value);
  return value.is_string() && find_test(value.text());
}

constexpr Signature kNothing{"", 0};
constexpr Signature kOther{"other", 1, Signature::kPositional};

constexpr TestInfo kTests[] = {
    {"!=", kOther, compares<CompareOp::kNotEqual>},
    {"<", kOther, compares<CompareOp::kLess>},
    {"<=", kOther, compares<CompareOp::kLessEqual>},
    {"==", kOther, compares<CompareOp::kEqual>},
    {">", kOther, compares<CompareOp::kGreater>},
    {">=", kOther, compares<CompareOp::kGreaterEqual>},
    {"boolean", kNothing, is_kind<Kind::kBool>},
    {"callable", kNothing, is_callable},
    {"defined", kNothing, defined},
    {"divisibleby", {"num", 1}, divisible_by},
    {"eq", kOther, compares<CompareOp::kEqual>},
    {"equalto", kOther, compares<CompareOp::kEqual>},
    {"escaped", kNothing, escaped},
    {"even", kNothing, even},
    {"false", kNothing, is_false_itself},
    {"filter", kNothing, is_filter},
    {"float", kNothing, is_kind<Kind::kFloat>},
    {"ge", kOther, compares<CompareOp::kGreaterEqual>},
    {"greaterthan", kOther, compares<CompareOp::kGreater>},
    {"gt", kOther, compares<CompareOp::kGreater>},
    {"in", {"seq", 1}, compares<CompareOp::kIn>},
    {"integer", kNothing, is_kind<Kind::kInt>},
    {"iterable", kNothing, iterable},
    {"le", kOther, compares<CompareOp::kLessEqual>},
    {"lessthan", kOther, compares<CompareOp::kLess>},
    {"lower", kNothing, lower},
    {"lt", kOther, compares<CompareOp::kLess>},
    {"mapping", kNothing, is_kind<Kind::kDict>},
    {"ne", kOther, compares<CompareOp::kNotEqual>},
    {"none", kNothing, is_kind<Kind::kNone>},
    {"number", kNothing, number},
    {"odd", kNothing, odd},
    {"sameas", {"other", 1}, same_as},
    {"sequence", kNothing, sequence},
    {"string", kNothing, is_kind<Kind::kString>},
    {"test", kNothing, is_test},
    {"true", kNothing, is_true_itself},
    {"undefined", kNothing, is_kind<Kind::kUndefined>},
    {"upper", kNothing, upper},
};

}  // namespace

std::span<const TestInfo> all_tests() { return kTests; }

}  // namespace mod::text::jinja
