#include "report/eval_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/html.h"
#include "report/text_table.h"

namespace mod::report {
namespace {

constexpr std::size_t kLabelWidth = 40;

using Line = std::vector<std::string>;

std::string optional_number(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : std::string();
}

Line heading(const EvalTable& table) {
  Line line = {"model", "kind"};
  for (const std::string& task : table.tasks) line.push_back(one_line(task));
  if (table.has_mean()) line.push_back("mean");
  line.insert(line.end(), {"tokens/s", "passes/token", "memory"});
  return line;
}

std::vector<const std::optional<Score>*> columns_of(const EvalTable& table, const TableRow& row) {
  std::vector<const std::optional<Score>*> columns;
  for (const std::optional<Score>& score : row.scores) columns.push_back(&score);
  if (table.has_mean()) columns.push_back(&row.mean);
  return columns;
}

Line costs_of(const TableRow& row) {
  return {optional_number(row.tokens_per_second, 0), optional_number(row.passes_per_token, 2),
          row.memory_bytes > 0 ? size_text(row.memory_bytes) : std::string()};
}

std::string below(const Score& score) {
  if (score.is_best_parent) return "best parent";
  return score.difference ? difference_text(*score.difference) : std::string();
}

/// A pipe would end the cell, markup would become part of the page.
std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : escape(one_line(text))) {
    if (std::string_view("|\\`*_[]~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_line(const Line& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += ' ' + cell + " |";
  return out + '\n';
}

bool any_difference(const EvalTable& table) {
  return std::any_of(table.rows.begin(), table.rows.end(), [](const TableRow& row) {
    return std::any_of(row.scores.begin(), row.scores.end(), [](const std::optional<Score>& score) {
      return score && score->difference;
    });
  });
}

bool any_interval(const EvalTable& table) {
  return std::any_of(table.rows.begin(), table.rows.end(), [](const TableRow& row) {
    return std::any_of(row.scores.begin(), row.scores.end(),
                       [](const std::optional<Score>& score) { return score && score->interval; });
  });
}

}  // namespace

std::string p_text(double p) {
  if (p < 0.001) return "< 0.001";
  return p < 0.0995 ? fmt::format("{:.3f}", p) : fmt::format("{:.2f}", p);
}

std::string score_text(const Score& score) {
  if (score.interval)
    return fmt::format("{:.1f} [{:.1f}, {:.1f}]", 100 * score.accuracy, 100 * score.interval->low,
                       100 * score.interval->high);
  return fmt::format("{:.1f} \u00B1 {:.1f}", 100 * score.accuracy, 100 * score.error);
}

std::string difference_text(const Difference& difference) {
  return fmt::format("{}{:+.1f} p {}", difference.is_noise() ? "\u2248 " : "",
                     100 * difference.value, p_text(difference.p));
}

std::string table_text(const EvalTable& table) {
  std::vector<Line> lines = {heading(table)};
  for (const TableRow& row : table.rows) {
    Line scores = {shortened(one_line(row.label), kLabelWidth), std::string(kind_text(row))};
    Line differences = {"", row.is_added ? "added" : ""};
    for (const std::optional<Score>* score : columns_of(table, row)) {
      scores.push_back(*score ? score_text(**score) : "\u2013");
      differences.push_back(*score ? below(**score) : "");
    }
    for (std::string& cost : costs_of(row)) scores.push_back(std::move(cost));
    lines.push_back(std::move(scores));
    if (std::any_of(differences.begin(), differences.end(),
                    [](const std::string& cell) { return !cell.empty(); })) {
      differences.resize(lines.back().size());
      lines.push_back(std::move(differences));
    }
  }
  return lined_up(lines, 2);
}

std::string table_markdown(const EvalTable& table) {
  Line head = heading(table), rule = {"---", "---"};
  for (std::string& cell : head) cell = markdown_cell(cell);
  rule.resize(head.size(), "---:");
  std::string out = markdown_line(head) + markdown_line(rule);
  for (const TableRow& row : table.rows) {
    Line cells = {markdown_cell(row.label), std::string(kind_text(row))};
    for (const std::optional<Score>* score : columns_of(table, row)) {
      const std::string second = *score ? below(**score) : "";
      cells.push_back(*score ? score_text(**score) + (second.empty() ? "" : "<br>") +
                                   markdown_cell(second)
                             : "\u2013");
    }
    for (std::string& cost : costs_of(row)) cells.push_back(std::move(cost));
    out += markdown_line(cells);
  }
  return out;
}

std::string table_notes(const EvalTable& table) {
  std::string out;
  if (!table.is_complete)
    out += "Stopped before every item was answered: rows may stand on different items.\n";
  out += "Accuracy in per cent \u00B1 its standard error.\n";
  if (any_interval(table))
    out += "[low, high]: Wilson's 95 % interval, where no or every item is right.\n";
  if (any_difference(table)) {
    out += fmt::format(
        "Below: points more or less than the best parent of the column, with the exact McNemar p "
        "over the same items.\n\u2248: within noise (p of {} or more). The p are not corrected for "
        "the number of comparisons.\n",
        kNoiseP);
  }
  if (table.has_mean() && any_difference(table))
    out += "mean: every task counts alike; its p is over the items of all tasks together.\n";
  if (std::any_of(table.rows.begin(), table.rows.end(),
                  [](const TableRow& row) { return row.kind == eval::RowKind::kOracle; }))
    out += "oracle: right where any of the models is; an upper bound, not a system.\n";
  return out;
}

}  // namespace mod::report
