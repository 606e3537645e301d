#include "eval/grade/number.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "eval/grade/text.h"

namespace mod::eval {
namespace {

bool digit(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

// Digits with single underscores between them; moves `at` behind them.
bool skip_digits(std::string_view text, std::size_t& at) {
  if (!digit(text, at)) return false;
  while (digit(text, at) || (at < text.size() && text[at] == '_' && digit(text, at + 1))) ++at;
  return true;
}

bool is_float(std::string_view text) {
  std::size_t at = 0;
  const bool whole = skip_digits(text, at);
  bool decimals = false;
  if (at < text.size() && text[at] == '.') decimals = skip_digits(text, ++at);
  if (!whole && !decimals) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!skip_digits(text, at)) return false;
  }
  return at == text.size();
}

std::optional<double> python_float(std::string_view text) {
  text = trim(text);
  double sign = 1;
  if (text.starts_with('-') || text.starts_with('+')) {
    sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  if (is_float(text)) return sign * std::strtod(drop(text, "_").c_str(), nullptr);
  if (text.size() > 8) return std::nullopt;
  const std::string word = lower(text);
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

bool is_close(double a, double b) noexcept {
  if (a == b) return true;
  if (std::isinf(a) || std::isinf(b)) return false;
  return std::abs(a - b) <= 1e-4 * std::max(std::abs(a), std::abs(b));
}

}  // namespace

std::optional<double> read_number(std::string_view text) {
  const std::string plain = drop(text, ",");
  if (const auto value = python_float(plain)) return value;
  if (!plain.ends_with('%')) return std::nullopt;
  std::string_view rest(plain);
  rest.remove_suffix(1);
  if (rest.ends_with('\\')) rest.remove_suffix(1);
  if (const auto value = python_float(rest)) return *value / 100;
  return std::nullopt;
}

bool numbers_match(double prediction, double gold) noexcept {
  return is_close(gold / 100, prediction) || is_close(gold, prediction) ||
         is_close(gold * 100, prediction);
}

}  // namespace mod::eval
