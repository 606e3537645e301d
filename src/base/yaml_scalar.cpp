#include "base/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

namespace mod::yaml {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_digit_or_underscore(char c) { return is_digit(c) || c == '_'; }

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

constexpr std::array<std::string_view, 9> kTrue = {"yes",  "Yes", "YES", "true", "True",
                                                   "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 9> kFalse = {"no",    "No",  "NO",  "false", "False",
                                                    "FALSE", "off", "Off", "OFF"};

/// Reads one scalar from left to right; every take_ function moves past what it accepts.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
  }
  bool take_any(std::string_view set) {
    if (at_end() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  template <class Accept>
  std::size_t take_while(Accept accept) {
    const std::size_t start = at_;
    while (!at_end() && accept(text_[at_])) ++at_;
    return at_ - start;
  }
  /// Between `least` and `most` decimal digits.
  bool take_digits(std::size_t least, std::size_t most) {
    std::size_t n = 0;
    while (n < most && is_digit(peek())) ++at_, ++n;
    return n >= least;
  }
  std::string_view rest() const { return text_.substr(at_); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

double decimal(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  // Out of range leaves the value alone; strtod says which side it left the range on.
  if (result.ec == std::errc::result_out_of_range) {
    value = std::strtod(std::string(text).c_str(), nullptr);
  }
  return negative ? -value : value;
}

/// Digits of `base` (underscores dropped) with a sign; beyond 64 bits a kFloat.
std::optional<Scalar> integer_scalar(std::string_view digits, int base, bool negative) {
  const std::string clean = without_underscores(digits);
  if (clean.empty()) return std::nullopt;
  Scalar out;
  unsigned long long magnitude = 0;
  const auto result = std::from_chars(clean.data(), clean.data() + clean.size(), magnitude, base);
  constexpr auto kMost = static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  if (result.ec != std::errc() || magnitude > kMost) {
    out.kind = Kind::kFloat;
    double value = 0;
    for (const char c : clean) {
      const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      value = value * base + digit;
    }
    out.number = base == 10 ? decimal(clean) : value;
    if (negative) out.number = -out.number;
    return out;
  }
  out.kind = Kind::kInt;
  out.integer = static_cast<long long>(magnitude);
  if (negative) out.integer = -out.integer;
  out.number = static_cast<double>(out.integer);
  return out;
}

std::optional<Scalar> resolve_int(std::string_view text) {
  Cursor in(text);
  const bool negative = in.peek() == '-';
  in.take_any("+-");
  const std::string_view body = in.rest();
  const auto all = [](std::string_view digits, auto accept) {
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), accept);
  };
  const auto set = [](std::string_view allowed) {
    return [allowed](char c) { return allowed.find(c) != std::string_view::npos; };
  };
  if (body.starts_with("0b") && all(body.substr(2), set("01_"))) {
    return integer_scalar(body.substr(2), 2, negative);
  }
  if (body.starts_with("0x") && all(body.substr(2), set("0123456789abcdefABCDEF_"))) {
    return integer_scalar(body.substr(2), 16, negative);
  }
  if (body == "0") return integer_scalar(body, 10, negative);
  if (body.starts_with("0")) {
    if (!all(body.substr(1), set("01234567_"))) return std::nullopt;
    return integer_scalar(body, 8, negative);
  }
  if (!all(body, is_digit_or_underscore) || body[0] == '_') return std::nullopt;
  return integer_scalar(body, 10, negative);
}

/// "1:30" (kInt) and "1:30.5" (kFloat): base 60, most significant part first.
std::optional<Scalar> resolve_base60(std::string_view text) {
  Cursor in(text);
  const bool negative = in.peek() == '-';
  in.take_any("+-");
  const std::string_view body = in.rest();
  const bool leading_zero = in.peek() == '0';
  if (!is_digit(in.peek())) return std::nullopt;
  const std::size_t first = in.take_while(is_digit_or_underscore);
  double value = decimal(without_underscores(body.substr(0, first)));
  std::size_t parts = 0;
  while (in.take(':')) {
    const std::string_view part = in.rest();
    std::size_t length = 0;
    while (length < part.size() && length < 2 && is_digit(part[length])) ++length;
    if (length == 0 || (length == 2 && part[0] > '5')) return std::nullopt;
    in.take_digits(length, length);
    value = value * 60 + decimal(part.substr(0, length));
    ++parts;
  }
  if (parts == 0) return std::nullopt;
  Scalar out;
  if (in.take('.')) {
    const std::string fraction = "0." + without_underscores(in.rest());
    in.take_while(is_digit_or_underscore);
    if (!in.at_end()) return std::nullopt;
    out.kind = Kind::kFloat;
    value += fraction == "0." ? 0 : decimal(fraction);
  } else {
    if (!in.at_end() || leading_zero) return std::nullopt;  // an integer part starts with 1..9
    constexpr double kExact = 9007199254740992;             // 2^53
    out.kind = value < kExact ? Kind::kInt : Kind::kFloat;
  }
  out.number = negative ? -value : value;
  if (out.kind == Kind::kInt) out.integer = static_cast<long long>(out.number);
  return out;
}

/// True for the decimal forms: a dot is required and an exponent needs its sign.
bool is_decimal_float(std::string_view text) {
  Cursor in(text);
  if (in.peek() != '.') {
    in.take_any("+-");
    if (!is_digit(in.peek())) return false;
    in.take_while(is_digit_or_underscore);
    if (!in.take('.')) return false;
    in.take_while(is_digit_or_underscore);
  } else {
    in.take('.');
    if (!is_digit(in.peek())) return false;
    in.take_while(is_digit_or_underscore);
  }
  if (in.take_any("eE")) {
    if (!in.take_any("+-") || in.take_while(is_digit) == 0) return false;
  }
  return in.at_end();
}

std::optional<double> resolve_float(std::string_view text) {
  constexpr std::array<std::string_view, 3> infinities = {".inf", ".Inf", ".INF"};
  constexpr std::array<std::string_view, 3> nans = {".nan", ".NaN", ".NAN"};
  if (is_one_of(text, nans)) return std::numeric_limits<double>::quiet_NaN();
  const bool sign = text.starts_with('-') || text.starts_with('+');
  if (is_one_of(text.substr(sign ? 1 : 0), infinities)) {
    const double infinity = std::numeric_limits<double>::infinity();
    return text[0] == '-' ? -infinity : infinity;
  }
  if (!is_decimal_float(text)) return std::nullopt;
  return decimal(without_underscores(text));
}

bool is_date(std::string_view text) {
  Cursor day(text);
  if (day.take_digits(4, 4) && day.take('-') && day.take_digits(2, 2) && day.take('-') &&
      day.take_digits(2, 2) && day.at_end()) {
    return true;
  }
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  Cursor in(text);
  if (!(in.take_digits(4, 4) && in.take('-') && in.take_digits(1, 2) && in.take('-') &&
        in.take_digits(1, 2))) {
    return false;
  }
  if (!in.take_any("Tt") && in.take_while(blank) == 0) return false;
  if (!(in.take_digits(1, 2) && in.take(':') && in.take_digits(2, 2) && in.take(':') &&
        in.take_digits(2, 2))) {
    return false;
  }
  if (in.take('.')) in.take_while(is_digit);
  if (in.at_end()) return true;
  in.take_while(blank);
  if (in.take('Z')) return in.at_end();
  if (!in.take_any("+-") || !in.take_digits(1, 2)) return false;
  if (in.take(':') && !in.take_digits(2, 2)) return false;
  return in.at_end();
}

}  // namespace

Scalar resolve_plain(std::string_view text) {
  constexpr std::array<std::string_view, 5> nulls = {"", "~", "null", "Null", "NULL"};
  Scalar out;
  if (is_one_of(text, nulls)) {
    out.kind = Kind::kNull;
    return out;
  }
  const bool yes = is_one_of(text, kTrue);
  if (yes || is_one_of(text, kFalse)) {
    out.kind = Kind::kBool;
    out.boolean = yes;
    return out;
  }
  if (const auto number = resolve_float(text)) {
    out.kind = Kind::kFloat;
    out.number = *number;
    return out;
  }
  if (const auto scalar = resolve_int(text)) return *scalar;
  if (const auto scalar = resolve_base60(text)) return *scalar;
  if (is_date(text)) {
    out.kind = Kind::kDate;
    return out;
  }
  return resolve_quoted(text);
}

Scalar resolve_quoted(std::string_view text) {
  Scalar out;
  out.number = lenient_number(text).value_or(0);
  return out;
}

std::optional<double> lenient_number(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  std::string_view body = text;
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) body.remove_prefix(1);
  if (body.empty() || body[0] == '-' || body[0] == '+') return std::nullopt;
  double value = 0;
  const auto result = std::from_chars(body.data(), body.data() + body.size(), value);
  if (result.ptr != body.data() + body.size()) return std::nullopt;
  if (result.ec != std::errc() && result.ec != std::errc::result_out_of_range) return std::nullopt;
  if (body.find('(') != std::string_view::npos) return std::nullopt;  // "nan(1)"
  return decimal(text);
}

}  // namespace mod::yaml
