#include "eval/grade/normalize.h"

#include <algorithm>
#include <utility>

#include "eval/grade/number_words.h"
#include "eval/grade/text.h"
#include "eval/grade/units.h"

namespace mod::eval {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

constexpr Replacement kSpellings[] = {{"\\end{array}", "\\end{pmatrix}"},
                                      {"bmatrix", "pmatrix"},
                                      {"tfrac", "frac"},
                                      {"dfrac", "frac"},
                                      {"\\neq", "\\ne"},
                                      {"\\leq", "\\le"},
                                      {"\\geq", "\\ge"},
                                      {"\\left", ""},
                                      {"\\right", ""},
                                      {"\\{", "{"},
                                      {"\\}", "}"}};
constexpr Replacement kSigns[] = {{"^{\\circ}", ""}, {"^\\circ", ""}, {"\\$", ""},
                                  {"$", ""},         {"\\(", ""},     {"\\)", ""}};
constexpr Replacement kNames[] = {{"x=", ""},
                                  {"y=", ""},
                                  {"z=", ""},
                                  {"x\\in", ""},
                                  {"y\\in", ""},
                                  {"z\\in", ""},
                                  {"x\\to", ""},
                                  {"y\\to", ""},
                                  {"z\\to", ""},
                                  {"\\emptyset", "{}"},
                                  {"(-\\infty,\\infty)", "\\mathbb{R}"},
                                  {"\\%", ""},
                                  {"%", ""},
                                  {" .", " 0."},
                                  {"{.", "{0."}};

template <std::size_t N>
void replace_each(std::string& text, const Replacement (&replacements)[N]) {
  for (const auto& [what, by] : replacements) {
    if (contains(text, what)) text = replace_all(text, what, by);
  }
}

// Every OPEN..} with the shortest inside: replaced by `by`, or by the inside where `by` is null.
std::string replace_groups(std::string_view text, std::string_view open, const char* by) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(open, from)) != std::string_view::npos;) {
    const std::size_t inside = at + open.size(), close = text.find('}', inside);
    if (close == std::string_view::npos) break;
    out.append(text, from, at - from);
    out.append(by != nullptr ? std::string_view(by) : text.substr(inside, close - inside));
    from = close + 1;
  }
  out.append(text, from);
  return out;
}

void cut_trailing_text(std::string& text) {
  const std::size_t at = text.find("\\text{");
  if (at == std::string::npos || text.back() != '}') return;
  const std::string_view rest = trim(std::string_view(text).substr(0, at));
  if (!rest.empty()) text = std::string(rest);
}

void infinities(std::string& text) {
  text = replace_all(text, "infinity", "\\infty");
  if (!contains(text, "\\infty")) text = replace_all(text, "inf", "\\infty");
  text = drop(text, "and");
  text = drop(text, "\\mathbf");
  text = replace_groups(text, "\\mbox{", "");
  if (contains(text, "j") && !contains(text, "i")) std::replace(text.begin(), text.end(), 'j', 'i');
}

// "3.0" -> "3", "5.00x" -> "5x", "5." -> "5"; "3.05" stays.
std::string drop_zero_decimals(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const bool after_digit = text[at] == '.' && is_digit(character_before(text, at));
    const std::size_t end = std::min(text.find_first_not_of('0', at + 1), text.size());
    if (after_digit && !is_digit(character_at(text, end))) {
      at = end;
      continue;
    }
    out.append(text, at, c.size);
    at += c.size;
  }
  return out;
}

void keep_right_side(std::string& text) {
  if (count(text, "=") != 1) return;
  const std::size_t at = text.find('=');
  if (length(std::string_view(text).substr(0, at)) <= 2) text.erase(0, at + 1);
}

std::string brace_roots(std::string_view text) {
  constexpr std::string_view kRoot = "\\sqrt";
  std::string out;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(kRoot, from)) != std::string_view::npos;) {
    std::size_t end = at + kRoot.size();
    const std::size_t inside = end;
    while (is_word(character_at(text, end))) end += character_at(text, end).size;
    out.append(text, from, inside - from);
    if (end > inside) out.append("{").append(text, inside, end - inside).append("}");
    from = end;
  }
  out.append(text, from);
  return out;
}

std::string brace_fractions(const std::string& text) {
  const std::vector<std::string_view> parts = split(text, "\\frac");
  std::string out(parts[0]);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = parts[i];
    out += "\\frac";
    if (part.starts_with('{')) {
      out += part;
      continue;
    }
    const std::size_t a = character_at(part, 0).size, b = character_at(part, a).size;
    if (b == 0) return text;
    out.append("{").append(part, 0, a).append("}");
    if (part[a] == '{') {
      out.append(part, a);
    } else {
      out.append("{").append(part, a, b).append("}").append(part, a + b);
    }
  }
  return out;
}

bool is_plain_integer(std::string_view text) {
  if (text == "0") return true;
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text[0] != '0' &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

void slash_to_fraction(std::string& text) {
  const std::vector<std::string_view> sides = split(text, "/");
  if (sides.size() != 2) return;
  for (std::string_view side : sides) {
    if (!contains(side, "sqrt") && !is_plain_integer(side)) return;
  }
  text = "\\frac{" + std::string(sides[0]) + "}{" + std::string(sides[1]) + "}";
}

}  // namespace

std::string normalize_answer(std::string_view answer, bool skip_units) {
  if (answer.size() > kLongestAnswer) return std::string(answer);
  std::string text = drop(trim(answer), "\n");
  text = drop(trim_right(text, "."), "\\!");
  text = replace_groups(text, "\\begin{array}{", "\\begin{pmatrix}");
  replace_each(text, kSpellings);
  cut_trailing_text(text);
  if (!skip_units) text = drop_units(text);
  replace_each(text, kSigns);
  text = number_words_to_digits(text);
  text = replace_groups(text, "\\text{", nullptr);
  replace_each(text, kNames);
  infinities(text);
  text = drop_zero_decimals(text);
  if (text.empty()) return text;
  if (text[0] == '.') text.insert(0, "0");
  keep_right_side(text);
  text = drop(brace_roots(text), " ");
  text = brace_fractions(text);
  slash_to_fraction(text);
  return text;
}

}  // namespace mod::eval
