#include <cmath>

#include "text/template/compare.h"
#include "text/template/operators.h"
#include "text/template/show.h"

namespace mod::text::jinja {
namespace {

std::string_view symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSubtract:
      return "-";
    case BinaryOp::kMultiply:
      return "*";
    case BinaryOp::kDivide:
      return "/";
    case BinaryOp::kFloorDivide:
      return "//";
    case BinaryOp::kModulo:
      return "%";
    case BinaryOp::kPower:
      return "**";
  }
  return "";
}

[[noreturn]] void fail_types(BinaryOp op, const Value& a, const Value& b) {
  if (a.is_undefined()) fail(undefined_text(a.undefined()));
  if (b.is_undefined()) fail(undefined_text(b.undefined()));
  std::string text = std::string(kind_name(a)) + " " + std::string(symbol(op)) + " " +
                     std::string(kind_name(b)) + " has no meaning";
  const bool joins = op == BinaryOp::kAdd && (a.is_string() || b.is_string());
  if (joins) text += "; `~` joins values as text";
  fail(text);
}

[[noreturn]] void fail_overflow() { fail("the result needs more than 128 bits"); }

[[noreturn]] void fail_zero() { fail("division by zero"); }

Int floor_divide(Int a, Int b) {
  if (b == 0) fail_zero();
  if (b == -1) {
    Int negated;
    if (__builtin_sub_overflow(Int{0}, a, &negated)) fail_overflow();
    return negated;
  }
  const Int quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

Int modulo(Int a, Int b) {
  if (b == 0) fail_zero();
  if (b == -1) return 0;
  const Int rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Int power(Int base, Int exponent) {
  Int result = 1;
  while (true) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) fail_overflow();
    exponent >>= 1;
    if (exponent == 0) return result;
    // 0, 1 and -1 never grow, so this loop ends after 127 rounds in any case.
    if (__builtin_mul_overflow(base, base, &base)) fail_overflow();
  }
}

Value integers(BinaryOp op, Int a, Int b) {
  Int result = 0;
  switch (op) {
    case BinaryOp::kAdd:
      if (__builtin_add_overflow(a, b, &result)) fail_overflow();
      return Value(result);
    case BinaryOp::kSubtract:
      if (__builtin_sub_overflow(a, b, &result)) fail_overflow();
      return Value(result);
    case BinaryOp::kMultiply:
      if (__builtin_mul_overflow(a, b, &result)) fail_overflow();
      return Value(result);
    case BinaryOp::kDivide:
      if (b == 0) fail_zero();
      return Value(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOp::kFloorDivide:
      return Value(floor_divide(a, b));
    case BinaryOp::kModulo:
      return Value(modulo(a, b));
    case BinaryOp::kPower:
      break;
  }
  if (b >= 0) return Value(power(a, b));
  if (a == 0) fail_zero();
  return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
}

double real_modulo(double a, double b) {
  if (b == 0) fail_zero();
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double real_floor_divide(double a, double b) {
  const double rest = real_modulo(a, b);
  const double quotient = (a - rest) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

double real_power(double a, double b) {
  if (a == 0 && b < 0) fail_zero();
  if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
    fail("a negative number to a broken power is no real number");
  }
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) {
    fail("the result of ** is too large for a float");
  }
  return result;
}

Value reals(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return Value(a + b);
    case BinaryOp::kSubtract:
      return Value(a - b);
    case BinaryOp::kMultiply:
      return Value(a * b);
    case BinaryOp::kDivide:
      if (b == 0) fail_zero();
      return Value(a / b);
    case BinaryOp::kFloorDivide:
      return Value(real_floor_divide(a, b));
    case BinaryOp::kModulo:
      return Value(real_modulo(a, b));
    case BinaryOp::kPower:
      return Value(real_power(a, b));
  }
  return Value();
}

Value add_strings(Budget& budget, const String& a, const String& b) {
  const bool markup = a.markup || b.markup;
  budget.check_text(a.text->size() + b.text->size());
  std::string out = markup && !a.markup ? html_escaped(budget, *a.text) : *a.text;
  out += markup && !b.markup ? html_escaped(budget, *b.text) : *b.text;
  return make_string(budget, std::move(out), markup);
}

Value repeat_string(Budget& budget, const String& string, Int times) {
  if (times <= 0 || string.text->empty()) return make_string(budget, "", string.markup);
  if (times > static_cast<Int>(budget.text_bytes() / string.text->size())) {
    budget.check_text(budget.text_bytes() + 1);
  }
  std::string out;
  const auto count = static_cast<std::size_t>(times);
  out.reserve(count * string.text->size());
  for (std::size_t i = 0; i < count; ++i) out += *string.text;
  return make_string(budget, std::move(out), string.markup);
}

Value repeat_sequence(Budget& budget, const Sequence& sequence, Int times) {
  std::vector<Value> items;
  if (times > 0 && !sequence.items.empty()) {
    constexpr Int kMany = Int{1} << 40;  // more than any budget holds
    budget.spend(static_cast<std::uint64_t>(std::min(times, kMany)) * sequence.items.size());
    for (Int i = 0; i < times; ++i) {
      items.insert(items.end(), sequence.items.begin(), sequence.items.end());
    }
  }
  return make_sequence(budget, sequence.kind, std::move(items));
}

bool is_repeatable(const Value& value) {
  return value.is_string() || (value.is_sequence() && value.sequence().is_list_or_tuple());
}

Value repeat(Budget& budget, const Value& value, Int times) {
  return value.is_string() ? repeat_string(budget, value.string(), times)
                           : repeat_sequence(budget, value.sequence(), times);
}

Value join_sequences(Budget& budget, const Sequence& a, const Sequence& b) {
  budget.spend(a.items.size() + b.items.size());
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return make_sequence(budget, a.kind, std::move(items));
}

}  // namespace

Value binary(Budget& budget, BinaryOp op, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return integers(op, a.as_int(), b.as_int());
  if (a.is_number() && b.is_number()) return reals(op, a.as_real(), b.as_real());
  if (op == BinaryOp::kAdd) {
    if (a.is_string() && b.is_string()) return add_strings(budget, a.string(), b.string());
    if (a.is_sequence() && b.is_sequence() && a.sequence().kind == b.sequence().kind &&
        a.sequence().is_list_or_tuple()) {
      return join_sequences(budget, a.sequence(), b.sequence());
    }
  } else if (op == BinaryOp::kMultiply) {
    if (is_repeatable(a) && b.is_integral()) return repeat(budget, a, b.as_int());
    if (is_repeatable(b) && a.is_integral()) return repeat(budget, b, a.as_int());
  } else if (op == BinaryOp::kModulo && a.is_string()) {
    return make_string(budget, format_printf(budget, a.text(), b), a.string().markup);
  }
  fail_types(op, a, b);
}

Value unary(UnaryOp op, const Value& a) {
  if (op == UnaryOp::kNot) return Value(!is_true(a));
  if (a.is_integral()) {
    Int result = a.as_int();
    if (op == UnaryOp::kMinus && __builtin_sub_overflow(Int{0}, result, &result)) fail_overflow();
    return Value(result);
  }
  if (a.is(Kind::kFloat)) return Value(op == UnaryOp::kMinus ? -a.real() : a.real());
  if (a.is_undefined()) fail(undefined_text(a.undefined()));
  fail(std::string(kind_name(a)) + " has no sign");
}

bool compare(Budget& budget, CompareOp op, const Value& a, const Value& b) {
  switch (op) {
    case CompareOp::kEqual:
      return is_equal(budget, a, b);
    case CompareOp::kNotEqual:
      return !is_equal(budget, a, b);
    case CompareOp::kLess:
      return is_ordered(budget, Order::kLess, a, b);
    case CompareOp::kLessEqual:
      return is_ordered(budget, Order::kLessEqual, a, b);
    case CompareOp::kGreater:
      return is_ordered(budget, Order::kGreater, a, b);
    case CompareOp::kGreaterEqual:
      return is_ordered(budget, Order::kGreaterEqual, a, b);
    case CompareOp::kIn:
      return contains(budget, b, a);
    case CompareOp::kNotIn:
      return !contains(budget, b, a);
  }
  return false;
}

std::string html_escaped(Budget& budget, std::string_view text) {
  budget.check_text(text.size());
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  budget.spend_text(out.size());
  return out;
}

}  // namespace mod::text::jinja
