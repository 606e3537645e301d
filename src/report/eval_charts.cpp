#include "report/eval_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "report/eval_agreement.h"
#include "report/eval_text.h"
#include "report/html.h"
#include "report/text_table.h"

namespace mod::report {
namespace {

constexpr std::size_t kNameWidth = 20;  // of names that fit beside the bars on a phone

const std::optional<Score>& score_in(const TableRow& row, std::size_t column) {
  return column < row.scores.size() ? row.scores[column] : row.mean;
}

eval::Interval whisker(const Score& score) {
  if (score.interval) return *score.interval;
  return {std::max(0.0, score.accuracy - score.error), std::min(1.0, score.accuracy + score.error)};
}

/// Bar and whisker of one row; the picture is 1000 wide and 10 high for each row.
std::string bar(const TableRow& row, const Score& score, std::size_t place) {
  const std::size_t top = 10 * place;
  const eval::Interval error = whisker(score);
  return fmt::format(
      "<rect class=\"{}\" x=\"0\" y=\"{}\" width=\"{:.0f}\" height=\"7\"/>"
      "<path class=\"whisker\" d=\"M{:.0f} {}H{:.0f}M{:.0f} {}v4M{:.0f} {}v4\"/>",
      kind_class(row), static_cast<double>(top) + 1.5, 1000 * score.accuracy, 1000 * error.low,
      top + 5, 1000 * error.high, 1000 * error.low, top + 3, 1000 * error.high, top + 3);
}

std::string panel(const EvalTable& table, std::size_t column) {
  std::string labels, bars, values, line;
  std::size_t place = 0;
  for (const TableRow& row : table.rows) {
    const std::optional<Score>& score = score_in(row, column);
    if (!score) continue;
    const std::string name = one_line(row.label);
    fmt::format_to(std::back_inserter(labels), "<span title=\"{}\">{}</span>", escape(name),
                   escape(shortened(name, kNameWidth)));
    fmt::format_to(std::back_inserter(values), "<span>{:.1f}</span>", 100 * score->accuracy);
    bars += bar(row, *score, place++);
    if (score->is_best_parent)
      line = fmt::format("<path class=\"best\" d=\"M{0:.0f} 0V", 1000 * score->accuracy);
  }
  if (place == 0) return {};
  if (!line.empty()) line += fmt::format("{}\"/>", 10 * place);
  const std::string title =
      column < table.tasks.size() ? escape(one_line(table.tasks[column])) : "mean of the tasks";
  return fmt::format(
      "<figure class=\"bars\" style=\"--rows:{0}\"><figcaption>{1}</figcaption><div "
      "class=\"names\">{2}</div><svg viewBox=\"0 0 1000 {3}\" preserveAspectRatio=\"none\" "
      "role=\"img\" aria-label=\"Accuracies: {1}\"><path class=\"grid\" d=\"M250 0V{3}M500 "
      "0V{3}M750 0V{3}M1000 0V{3}\"/>{4}{5}</svg><div class=\"values\">{6}</div></figure>\n",
      place, title, labels, 10 * place, bars, line, values);
}

struct Matrix {
  std::string title, note;
  std::vector<std::string> names = {};
  std::vector<std::vector<std::optional<double>>> values = {};
  double whole = 1;     // the value of the strongest tint
  bool percent = true;  // how values are written
};

std::string cell(const Matrix& matrix, std::size_t a, std::size_t b) {
  const std::optional<double>& value = matrix.values[a][b];
  if (a == b) return "<td class=\"self\">\u2013</td>";
  if (!value || !std::isfinite(*value)) return "<td>\u2013</td>";
  return fmt::format(
      "<td style=\"--v:{:.2f}\">{}</td>", std::clamp(*value / matrix.whole, 0.0, 1.0),
      matrix.percent ? fmt::format("{:.0f}", 100 * *value) : fmt::format("{:.2f}", *value));
}

std::string matrix_html(const Matrix& matrix) {
  const std::size_t n = matrix.names.size();
  std::string out = fmt::format(
      "<h3>{}</h3><p class=\"note\">{}</p><div class=\"wide\"><table class=\"matrix\"><thead><tr>"
      "<td></td>",
      matrix.title, matrix.note);
  for (std::size_t i = 0; i < n; ++i)
    fmt::format_to(std::back_inserter(out), "<th scope=\"col\" title=\"{}\">{}</th>",
                   matrix.names[i], i + 1);
  out += "</tr></thead><tbody>\n";
  for (std::size_t a = 0; a < n; ++a) {
    fmt::format_to(std::back_inserter(out), "<tr><th scope=\"row\">{} <i>{}</i></th>",
                   matrix.names[a], a + 1);
    for (std::size_t b = 0; b < n; ++b) out += cell(matrix, a, b);
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

/// The place of a row in the table; its length where it is not there.
std::size_t place_of(const EvalTable& table, const std::string& model) {
  const auto found = std::find_if(table.rows.begin(), table.rows.end(),
                                  [&](const TableRow& row) { return row.model == model; });
  return static_cast<std::size_t>(found - table.rows.begin());
}

/// The table's label of a row, escaped.
std::string label_html(const EvalTable& table, const std::string& model) {
  const std::size_t place = place_of(table, model);
  return escape(one_line(place == table.rows.size() ? model : table.rows[place].label));
}

/// In the order of the table. Nothing where the values' shape is not square.
std::string likeness_matrix(const EvalTable& table, const std::vector<std::string>& rows,
                            const std::vector<std::vector<double>>& values, Matrix matrix) {
  if (values.empty() || values.size() != rows.size()) return {};
  for (const std::vector<double>& row : values) {
    if (row.size() != rows.size()) return {};
  }
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return place_of(table, rows[a]) < place_of(table, rows[b]);
  });
  for (const std::size_t a : order) {
    matrix.names.push_back(label_html(table, rows[a]));
    auto& line = matrix.values.emplace_back();
    for (const std::size_t b : order) line.emplace_back(values[a][b]);
  }
  return matrix_html(matrix);
}

/// The largest, or 1 where there is none: distances are shown against one another.
double largest(const std::vector<std::vector<double>>& values) {
  double most = 0;
  for (const std::vector<double>& row : values) {
    for (const double value : row) most = std::isfinite(value) ? std::max(most, value) : most;
  }
  return most > 0 ? most : 1;
}

/// What the matrices were measured on, and which models not.
std::string likeness_note(const EvalTable& table, const eval::Likeness& likeness) {
  std::string out = fmt::format(
      "<p class=\"note\">The next two compare what the models predict for the next token at the "
      "same {0} positions, inside {1} replies of {2}: evenly spread over tasks, items and tokens. "
      "All models read the same token ids, prompts in {2}\u2019s form. Of a mixture it is the "
      "mixed "
      "distribution; its gate has heard what comes before the position.</p>\n",
      likeness.positions, likeness.texts, label_html(table, likeness.source));
  for (const auto& [model, why] : likeness.left_out) {
    fmt::format_to(std::back_inserter(out), "<p class=\"note\">{} is left out: {}.</p>\n",
                   label_html(table, model), escape(one_line(why)));
  }
  return out;
}

std::string likeness_html(const EvalTable& table, const eval::Likeness& likeness) {
  const std::string matrices =
      likeness_matrix(
          table, likeness.rows, likeness.top1,
          {.title = "Same most probable token", .note = "Share of the positions; per cent."}) +
      likeness_matrix(table, likeness.rows, likeness.jensen_shannon,
                      {.title = "Jensen-Shannon distance",
                       .note = "Mean over the positions; 0 is equal, 0.83 nothing in common.",
                       .whole = largest(likeness.jensen_shannon),
                       .percent = false});
  return matrices.empty() ? "" : likeness_note(table, likeness) + matrices;
}

}  // namespace

std::string kind_class(const TableRow& row) {
  return fmt::format("k{}", static_cast<int>(row.kind));
}

std::string bars_html(const EvalTable& table) {
  std::string panels;
  const std::size_t columns = table.tasks.size() + (table.has_mean() ? 1 : 0);
  for (std::size_t column = 0; column < columns; ++column) panels += panel(table, column);
  if (panels.empty()) return {};
  return "<section><h2>Accuracies</h2>\n<ul class=\"legend\"><li><i class=\"key k0\"></i>model"
         "</li><li><i class=\"key k1\"></i>merge</li><li><i class=\"key k2\"></i>mixture</li><li>"
         "<i class=\"key k3\"></i>oracle</li><li><i class=\"key line\"></i>best parent</li></ul>\n"
         "<p class=\"note\">Per cent, 0 to 100. Whiskers: one standard error to each side, or "
         "Wilson\u2019s 95 % interval at 0 and 100.</p>\n<div class=\"panels\">\n" +
         panels + "</div></section>\n";
}

std::string agreement_html(const EvalTable& table, const std::optional<eval::Likeness>& likeness) {
  const Agreement agreement = agreement_of(table);
  if (agreement.rows.size() < 2) return {};
  Matrix same{.title = "Same answer",
              .note = "Share of items with the same graded answer, right or wrong; per cent."};
  for (const TableRow* row : agreement.rows) same.names.push_back(escape(one_line(row->label)));
  same.values = agreement.same;
  std::string out = "<section><h2>Agreement of the models</h2>\n" + matrix_html(same);
  if (likeness) out += likeness_html(table, *likeness);
  return out + "</section>\n";
}

}  // namespace mod::report
