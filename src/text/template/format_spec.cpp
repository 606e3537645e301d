#include "text/template/format_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text/template/numbers.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

std::string in_base(Int value, unsigned base) {
  if (value == 0) return "0";
  std::string out;
  for (; value != 0; value /= base) {
    const int digit = static_cast<int>(value % base);
    out += "0123456789abcdef"[digit < 0 ? -digit : digit];
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string capitals(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

/// Separators between groups of three (four for bases of two) in front of the point.
std::string grouped(std::string digits, char separator, std::size_t group) {
  if (separator == 0) return digits;
  const std::size_t end =
      std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  for (std::size_t at = end; at > group;) {
    at -= group;
    digits.insert(at, 1, separator);
  }
  return digits;
}

std::string general(double value, int precision, bool alternate) {
  return alternate ? fmt::format("{:#.{}g}", value, precision)
                   : fmt::format("{:.{}g}", value, precision);
}

}  // namespace

std::string int_digits(Int value, const Field& field) {
  std::string digits;
  std::string prefix;
  std::size_t group = 3;
  switch (field.type) {
    case 'x':
    case 'X':
      digits = in_base(value, 16);
      prefix = "0x";
      group = 4;
      break;
    case 'o':
      digits = in_base(value, 8);
      prefix = "0o";
      group = 4;
      break;
    case 'b':
      digits = in_base(value, 2);
      prefix = "0b";
      group = 4;
      break;
    default:
      digits = in_base(value, 10);
  }
  digits = grouped(std::move(digits), field.grouping, group);
  if (field.alternate) digits = prefix + digits;
  return field.type == 'X' ? capitals(std::move(digits)) : digits;
}

std::string real_digits(double value, const Field& field) {
  value = std::fabs(value);
  const char type = static_cast<char>(field.type | 0x20);
  if (std::isnan(value) || std::isinf(value)) {
    const std::string text = std::isnan(value) ? "nan" : "inf";
    return field.type >= 'A' && field.type <= 'Z' ? capitals(text) : text;
  }
  const int precision = field.precision < 0 ? 6 : field.precision;
  std::string digits;
  if (field.type == 0) {
    digits = field.precision < 0 ? real_text(value) : general(value, std::max(1, precision), false);
  } else if (field.type == '%') {
    digits = fmt::format("{:.{}f}%", value * 100, precision);
  } else if (type == 'e') {
    digits = fmt::format("{:.{}e}", value, precision);
  } else if (type == 'f') {
    digits = fmt::format("{:.{}f}", value, precision);
  } else {
    digits = general(value, std::max(1, precision), field.alternate);
  }
  digits = grouped(std::move(digits), field.grouping, 3);
  return field.type >= 'A' && field.type <= 'Z' ? capitals(std::move(digits)) : digits;
}

std::string sign_of(bool negative, const Field& field) {
  if (negative) return "-";
  return field.sign == '-' ? "" : std::string(1, field.sign);
}

std::string padded(const std::string& sign, const std::string& body, const Field& field,
                   char default_align) {
  const std::size_t width = count_chars(sign) + count_chars(body);
  const std::size_t missing = field.width > width ? field.width - width : 0;
  const char align = field.align ? field.align : default_align;
  const auto fill = [&](std::size_t n) { return std::string(n, field.fill); };
  switch (align) {
    case '<':
      return sign + body + fill(missing);
    case '^':
      return fill(missing / 2) + sign + body + fill(missing - missing / 2);
    case '=':
      return sign + fill(missing) + body;
    default:
      return fill(missing) + sign + body;
  }
}

}  // namespace mod::text::jinja
