// Filters of numbers.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "text/template/interpreter.h"
#include "text/template/numbers.h"
#include "text/template/operators.h"
#include "text/template/registry.h"

namespace mod::text::jinja {
namespace {

constexpr double kIntLimit = 1.7e38;

/// int() of a float; nothing for NaN. Infinity is an error in Python, too.
std::optional<Int> truncated(double value) {
  if (std::isnan(value)) return std::nullopt;
  if (!(std::fabs(value) < kIntLimit)) fail("a float too large for an integer");
  return static_cast<Int>(value);
}

Value to_int(Interpreter&, const Value& input, const Args& args) {
  const Value fallback = args.has(0) ? args[0] : Value(Int{0});
  if (input.is_undefined()) fail(undefined_text(input.undefined()));
  if (input.is_integral()) return Value(input.as_int());
  if (input.is(Kind::kFloat)) {
    const auto value = truncated(input.real());
    return value ? Value(*value) : fallback;
  }
  if (!input.is_string()) return fallback;
  const Int base = args.integer(1, 10);
  if (base != 0 && (base < 2 || base > 36)) return fallback;
  if (const auto value = parse_int(input.text(), static_cast<int>(base))) return Value(*value);
  const auto real = parse_real(input.text());
  if (!real || !std::isfinite(*real)) return fallback;
  return Value(*truncated(*real));
}

Value to_float(Interpreter&, const Value& input, const Args& args) {
  const Value fallback = args.has(0) ? args[0] : Value(0.0);
  if (input.is_undefined()) fail(undefined_text(input.undefined()));
  if (input.is_number()) return Value(input.as_real());
  if (!input.is_string()) return fallback;
  const auto value = parse_real(input.text());
  return value ? Value(*value) : fallback;
}

Value absolute(Interpreter&, const Value& input, const Args&) {
  if (input.is(Kind::kFloat)) return Value(std::fabs(input.real()));
  if (!input.is_integral()) {
    if (input.is_undefined()) fail(undefined_text(input.undefined()));
    fail("'abs' needs a number, not " + std::string(kind_name(input)));
  }
  return input.as_int() < 0 ? unary(UnaryOp::kMinus, input) : Value(input.as_int());
}

/// Half to even on the decimal value: printf rounds the exact binary number, as Python does.
double rounded(double value, int digits) {
  if (!std::isfinite(value) || digits > 320) return value;
  if (digits >= 0) return std::strtod(fmt::format("{:.{}f}", value, digits).c_str(), nullptr);
  if (digits < -310) return std::copysign(0.0, value);
  const double scale = std::pow(10.0, -digits);
  return std::nearbyint(value / scale) * scale;
}

Int rounded(Int value, Int digits) {
  if (digits >= 0) return value;
  if (digits < -38) return 0;
  Int unit = 1;
  for (Int i = digits; i < 0; ++i) unit *= 10;
  Int rest = value % unit;
  if (rest < 0) rest += unit;
  Int result = value - rest;
  const bool up = 2 * rest > unit || (2 * rest == unit && (result / unit) % 2 != 0);
  return up ? result + unit : result;
}

Value round(Interpreter&, const Value& input, const Args& args) {
  const std::string method = args.text(1, "common");
  if (method != "common" && method != "ceil" && method != "floor") {
    fail("the method of 'round' must be common, ceil or floor");
  }
  if (input.is_undefined()) fail(undefined_text(input.undefined()));
  if (!input.is_number()) fail("'round' needs a number, not " + std::string(kind_name(input)));
  const Int digits = args.integer(0, 0);
  const int places = static_cast<int>(std::min<Int>(400, std::max<Int>(-400, digits)));
  if (method == "common") {
    if (input.is_integral()) return Value(rounded(input.as_int(), digits));
    return Value(rounded(input.real(), places));
  }
  const double scale = std::pow(10.0, places);
  const double scaled = input.as_real() * scale;
  if (!std::isfinite(scaled)) fail("'round' of a number that large");
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Value file_size(Interpreter&, const Value& input, const Args& args) {
  const auto number = input.is_string() ? parse_real(input.text()) : std::nullopt;
  if (!input.is_number() && !number) fail("'filesizeformat' needs a number");
  const double bytes = number ? *number : input.as_real();
  const bool binary = args.truth(0, false);
  const double base = binary ? 1024 : 1000;
  if (bytes == 1) return Value::string("1 Byte");
  if (bytes < base) return Value::string(fmt::format("{} Bytes", std::trunc(bytes)));
  double unit = base;
  std::string_view prefix = binary ? "KMGTPEZY" : "kMGTPEZY";
  for (; prefix.size() > 1 && bytes >= unit * base; prefix.remove_prefix(1)) unit *= base;
  return Value::string(fmt::format("{:.1f} {}{}B", bytes / unit, prefix[0], binary ? "i" : ""));
}

constexpr FilterInfo kFilters[] = {
    {"abs", {"", 0}, absolute},
    {"filesizeformat", {"binary", 0}, file_size},
    {"float", {"default", 0}, to_float},
    {"int", {"default base", 0}, to_int},
    {"round", {"precision method", 0}, round},
};

}  // namespace

std::span<const FilterInfo> number_filters() { return kFilters; }

}  // namespace mod::text::jinja
