#include "text/template/text_work.h"

#include <algorithm>

#include "text/template/compare.h"
#include "text/template/format_spec.h"
#include "text/template/numbers.h"
#include "text/template/operators.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

std::string replaced_between(Budget& budget, std::string_view text, std::string_view replacement,
                             Int count) {
  std::string out;
  std::size_t i = 0;
  for (; count != 0; --count) {
    out += replacement;
    budget.spend(1 + replacement.size() / 8);
    budget.check_text(out.size());
    if (i >= text.size()) return out;
    const std::size_t length = char_bytes(text, i);
    out += text.substr(i, length);
    i += length;
  }
  out += text.substr(i);
  return out;
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string replaced(Budget& budget, std::string_view text, std::string_view old,
                     std::string_view replacement, Int count) {
  budget.spend(1 + text.size() / 8);
  if (old.empty()) return replaced_between(budget, text, replacement, count);
  std::string out;
  for (; count != 0; --count) {
    const std::size_t at = find_text(text, old);
    if (at == std::string_view::npos) break;
    out += text.substr(0, at);
    out += replacement;
    text.remove_prefix(at + old.size());
    budget.spend(1 + replacement.size() / 8);
    budget.check_text(out.size());
  }
  out += text;
  return out;
}

bool ends_line(std::string_view text) {
  return !text.empty() && is_line_end(char_at(text, last_char(text)));
}

std::vector<std::string_view> split_lines(Budget& budget, std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = char_bytes(text, i);
    if (!is_line_end(char_at(text, i))) {
      i += length;
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') length = 2;
    budget.spend(2);
    lines.push_back(text.substr(begin, i + (keep_ends ? length : 0) - begin));
    i += length;
    begin = i;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  budget.spend(1 + text.size() / 8);
  return lines;
}

std::string justified(Budget& budget, std::string_view text, Int width, char32_t fill, char align) {
  const auto chars = static_cast<Int>(count_chars(text));
  if (width <= chars) return std::string(text);
  if (width > static_cast<Int>(budget.text_bytes())) budget.check_text(budget.text_bytes() + 1);
  const auto missing = static_cast<std::size_t>(width - chars);
  budget.spend_text(4 * missing);
  std::size_t left = align == '<' ? 0 : missing;
  // Python puts the odd blank of center() to the left if the width is odd as well.
  if (align == '^') left = missing / 2 + (missing & static_cast<std::size_t>(width) & 1);
  std::string out;
  for (std::size_t i = 0; i < left; ++i) append_char(out, fill);
  out += text;
  for (std::size_t i = left; i < missing; ++i) append_char(out, fill);
  return out;
}

Value path_of(Budget& budget, const Value& item, const Value& path, const Value* fallback) {
  const auto step = [&](const Value& object, const Value& index) {
    Value next = item_of(budget, object, index);
    return fallback && next.is_undefined() ? *fallback : next;
  };
  if (path.is_none()) return item;
  if (!path.is_string()) return step(item, path);
  Value value = item;
  std::string_view rest = path.text();
  while (true) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    budget.spend(2);
    const bool number = is_digits(part);
    value =
        step(value, number ? Value(parse_int(part).value_or(0)) : Value::string(std::string(part)));
    if (dot == rest.size()) return value;
    rest.remove_prefix(dot + 1);
  }
}

Value case_folded(Budget& budget, const Value& value) {
  if (!value.is_string()) return value;
  budget.spend(value.text().size());
  return make_string(budget, to_lower(value.text()));
}

}  // namespace mod::text::jinja
