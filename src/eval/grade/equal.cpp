#include "eval/grade/equal.h"

#include <algorithm>

#include "eval/grade/compare.h"
#include "eval/grade/extract.h"
#include "eval/grade/normalize.h"
#include "eval/grade/number.h"
#include "eval/grade/text.h"

namespace mod::eval {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxComparisons = 2000;  // of one item, members of members included

bool same_text(std::string_view a, std::string_view b) { return a == b || lower(a) == lower(b); }

std::string without_brackets(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '{' || c == '}' || c == '(' || c == ')'; });
  return out;
}

bool enclosed(std::string_view text, std::string_view open, std::string_view close) {
  return text.starts_with(open) && text.ends_with(close);
}

// The reference's rewriting of sets; members are joined by one backslash, which no matrix has.
std::string sets_to_matrix(std::string_view text) {
  const std::size_t open = text.find('{'), close = text.rfind('}');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  const std::string_view inside = text.substr(open, close - open + 1);
  if (!contains(inside, ",")) return {};
  return "\\begin{pmatrix}" + replace_all(trim(inside, "{}"), ",", "\\") + "\\end{pmatrix}";
}

// The inside of a text that is one matrix from begin to end.
std::optional<std::string_view> matrix_inside(std::string_view text) {
  for (std::string_view name : {"{pmatrix}", "{bmatrix}"}) {
    const std::string open = "\\begin" + std::string(name), close = "\\end" + std::string(name);
    if (text.size() >= open.size() + close.size() && enclosed(text, open, close)) {
      return text.substr(open.size(), text.size() - open.size() - close.size());
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> matrix_rows(std::string_view inside) {
  std::vector<std::string_view> rows;
  for (std::string_view row : split(inside, "\\\\")) {
    if (!trim(row).empty()) rows.push_back(trim(row));
  }
  return rows;
}

bool looks_like_tuple(std::string_view text) {
  if (!text.starts_with('(') && !text.starts_with('[')) return false;
  return text.size() > 2 && text.find_first_of(")]", 2) != std::string_view::npos;
}

class Equality {
 public:
  explicit Equality(GradeMode mode) : mode_(mode) {}

  bool equal(std::string_view prediction, std::string_view gold, int depth);

 private:
  bool rest_equal(std::string_view prediction, std::string_view gold, int depth);
  bool brackets_equal(std::string_view prediction, std::string_view gold) const;
  bool parts_equal(std::string_view prediction, std::string_view gold, std::string_view separator,
                   int depth);
  bool matrices_equal(std::string_view prediction, std::string_view gold, int depth);
  bool right_side_equal(std::string_view prediction, std::string_view gold, int depth);
  bool equations_equal(std::string_view prediction, std::string_view gold) const;

  GradeMode mode_;
  int comparisons_ = 0;
};

bool Equality::equal(std::string_view prediction, std::string_view gold, int depth) {
  if (same_text(trim(prediction), trim(gold))) return true;
  if (depth > kMaxDepth || ++comparisons_ > kMaxComparisons) return false;
  if (is_choice_letter(gold) && clean_short_choice(prediction) == gold) return true;
  const auto a = read_number(prediction), b = read_number(gold);
  if (a && b) return numbers_match(*a, *b);
  if (prediction.empty()) return false;
  if (contains(prediction, "pmatrix") && !contains(gold, "pmatrix")) {
    return rest_equal(prediction, sets_to_matrix(trim(gold)), depth);
  }
  return rest_equal(prediction, gold, depth);
}

bool Equality::rest_equal(std::string_view prediction, std::string_view gold, int depth) {
  if (brackets_equal(prediction, gold)) return true;
  if (looks_like_tuple(prediction) && looks_like_tuple(gold) &&
      parts_equal(prediction.substr(1, prediction.size() - 2), gold.substr(1, gold.size() - 2), ",",
                  depth)) {
    return true;
  }
  if (matrices_equal(prediction, gold, depth)) return true;
  if (count(prediction, "=") == 1 && count(gold, "=") == 1) {
    if (equations_equal(prediction, gold)) return true;
  } else if (right_side_equal(prediction, gold, depth)) {
    return true;
  }
  return readings_equal(read_answer(prediction, mode_), read_answer(gold, mode_), mode_);
}

bool Equality::brackets_equal(std::string_view prediction, std::string_view gold) const {
  if ((enclosed(prediction, "[", "]") && !gold.starts_with('(')) ||
      (enclosed(prediction, "(", ")") && !gold.starts_with('['))) {
    prediction = trim(prediction, "[]()");
    gold = trim(gold, "[]()");
  }
  return same_text(without_brackets(prediction), without_brackets(gold));
}

bool Equality::parts_equal(std::string_view prediction, std::string_view gold,
                           std::string_view separator, int depth) {
  const auto a = split(prediction, separator), b = split(gold, separator);
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal(a[i], b[i], depth + 1)) return false;
  }
  return true;
}

bool Equality::matrices_equal(std::string_view prediction, std::string_view gold, int depth) {
  const auto a = matrix_inside(prediction), b = matrix_inside(gold);
  if (!a || !b) return false;
  const auto rows_a = matrix_rows(*a), rows_b = matrix_rows(*b);
  if (rows_a.size() != rows_b.size()) return false;
  for (std::size_t i = 0; i < rows_a.size(); ++i) {
    if (!parts_equal(rows_a[i], rows_b[i], "&", depth)) return false;
  }
  return true;
}

// "k = 3" against "3": only the right side counts.
bool Equality::right_side_equal(std::string_view prediction, std::string_view gold, int depth) {
  const auto short_equation = [](std::string_view text) {
    return count(text, "=") == 1 && length(trim(text.substr(0, text.find('=')))) <= 2;
  };
  if (short_equation(prediction) && !contains(gold, "=")) {
    return equal(prediction.substr(prediction.find('=') + 1), gold, depth + 1);
  }
  if (short_equation(gold) && !contains(prediction, "=")) {
    return equal(prediction, gold.substr(gold.find('=') + 1), depth + 1);
  }
  return false;
}

bool Equality::equations_equal(std::string_view prediction, std::string_view gold) const {
  const auto difference = [](std::string_view text) {
    const std::size_t at = text.find('=');
    return std::string(trim(text.substr(0, at))) + " - (" + std::string(trim(text.substr(at + 1))) +
           ")";
  };
  const std::string a = difference(prediction), b = difference(gold);
  const Reading gold_reading = read_answer(b, mode_);
  return readings_equal(read_answer(a, mode_), gold_reading, mode_) ||
         readings_equal(read_answer("-(" + a + ")", mode_), gold_reading, mode_);
}

}  // namespace

bool answers_equal(const std::optional<std::string>& prediction, std::string_view gold,
                   GradeMode mode) {
  if (!prediction) return false;
  if (std::max(prediction->size(), gold.size()) > kLongestAnswer) {
    return trim(*prediction) == trim(gold);
  }
  return Equality(mode).equal(*prediction, gold, 0);
}

}  // namespace mod::eval
