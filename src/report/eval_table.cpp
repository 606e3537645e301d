#include "report/eval_table.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

namespace mod::report {
namespace {

using eval::Cell;
using eval::Results;
using eval::Row;
using eval::RowKind;

std::size_t right_of(const Cell& cell) {
  return static_cast<std::size_t>(std::count_if(
      cell.items.begin(), cell.items.end(), [](const eval::ItemResult& i) { return i.correct; }));
}

void set_interval(Score& score, std::size_t right) {
  if (score.n > 0 && (right == 0 || right == score.n))
    score.interval = eval::wilson_interval(right, score.n);
}

Score score_of(const Cell& cell) {
  Score score{.accuracy = cell.accuracy, .error = cell.stderr_accuracy, .n = cell.items.size()};
  score.accuracy_qwen = cell.accuracy_qwen;
  set_interval(score, right_of(cell));
  return score;
}

/// Every task counts alike; the errors of independent tasks add in squares.
std::optional<Score> mean_of(const Results& results, const Row& row) {
  Score mean;
  std::size_t right = 0;
  double squares = 0;
  for (const std::string& task : results.tasks) {
    const Cell* cell = row.find(task);
    if (cell == nullptr || cell->items.empty()) return std::nullopt;
    mean.accuracy += cell->accuracy;
    squares += cell->stderr_accuracy * cell->stderr_accuracy;
    mean.n += cell->items.size();
    right += right_of(*cell);
  }
  if (results.tasks.empty()) return std::nullopt;
  const double tasks = static_cast<double>(results.tasks.size());
  mean.accuracy /= tasks;
  mean.error = std::sqrt(squares) / tasks;
  set_interval(mean, right);
  return mean;
}

std::set<std::string> named_parents(const Results& results) {
  std::set<std::string> named;
  for (const Row& row : results.rows) {
    if (row.kind != RowKind::kOracle) named.insert(row.parents.begin(), row.parents.end());
  }
  return named;
}

void set_costs(TableRow& out, const Row& row) {
  double seconds = 0, written = 0, text = 0, passes = 0;
  for (const Cell& cell : row.cells) {
    if (cell.new_tokens > 0) {
      seconds += cell.seconds;
      written += static_cast<double>(cell.new_tokens);
    }
    // A prompt goes through the weights together with its first token.
    if (cell.forward_passes.empty() || cell.new_tokens == 0) continue;
    text += static_cast<double>(cell.new_tokens);
    for (const auto& [expert, count] : cell.forward_passes) passes += static_cast<double>(count);
  }
  if (seconds > 0) out.tokens_per_second = written / seconds;
  if (text > 0) out.passes_per_token = passes / text;
  out.memory_bytes = row.memory_bytes;
}

TableRow table_row(const Results& results, const Row& row, const std::set<std::string>& named) {
  TableRow out{.source = &row,
               .model = row.kind == RowKind::kOracle ? "oracle" : row.model,
               .label = row.label.empty() ? row.model : row.label,
               .kind = row.kind};
  out.is_parent = row.kind == RowKind::kParent && (named.empty() || named.contains(row.model));
  out.is_added = row.is_added;
  for (const std::string& task : results.tasks) {
    const Cell* cell = row.find(task);
    out.scores.push_back(cell == nullptr || cell->items.empty() ? std::nullopt
                                                                : std::optional(score_of(*cell)));
  }
  out.mean = mean_of(results, row);
  if (row.kind != RowKind::kOracle) set_costs(out, row);
  return out;
}

int place_of(const Row& row, const std::set<std::string>& named) {
  if (row.kind != RowKind::kParent) return 2 + static_cast<int>(row.kind);
  return named.contains(row.model) ? 0 : 1;
}

/// Rows of the results in the table's order.
std::vector<const Row*> ordered(const Results& results, const std::set<std::string>& named) {
  std::vector<const Row*> rows;
  for (const Row& row : results.rows) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [&](const Row* a, const Row* b) {
    return place_of(*a, named) < place_of(*b, named);
  });
  return rows;
}

std::optional<Score>& score_at(TableRow& row, std::size_t column) {
  return column < row.scores.size() ? row.scores[column] : row.mean;
}

/// Of one task, or, for the last column, of all: the mean of the tasks' differences, tested over
/// their items together.
Difference difference_in(const Results& results, std::size_t column, const Row& ours,
                         const Row& theirs) {
  Difference sum;
  double value = 0;
  const bool all = column == results.tasks.size();
  for (std::size_t t = all ? 0 : column; t < (all ? column : column + 1); ++t) {
    const Cell *a = ours.find(results.tasks[t]), *b = theirs.find(results.tasks[t]);
    if (a == nullptr || b == nullptr) continue;
    const Difference one = paired_difference(a->items, b->items);
    sum.only_this += one.only_this;
    sum.only_other += one.only_other;
    sum.n += one.n;
    value += one.value;
  }
  sum.value = all ? value / static_cast<double>(results.tasks.size()) : value;
  sum.p = eval::mcnemar_p(sum.only_this, sum.only_other);
  return sum;
}

void compare_column(EvalTable& table, const Results& results, const std::vector<const Row*>& rows,
                    std::size_t column) {
  std::optional<std::size_t> best;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (!table.rows[r].is_parent || !score_at(table.rows[r], column)) continue;
    if (!best ||
        score_at(table.rows[r], column)->accuracy > score_at(table.rows[*best], column)->accuracy)
      best = r;
  }
  if (!best) return;
  score_at(table.rows[*best], column)->is_best_parent = true;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::optional<Score>& score = score_at(table.rows[r], column);
    if (r == *best || !score) continue;
    Difference difference = difference_in(results, column, *rows[r], *rows[*best]);
    if (difference.n == 0) continue;
    difference.against = table.rows[*best].label;
    score->difference = std::move(difference);
  }
}

}  // namespace

Difference paired_difference(const std::vector<eval::ItemResult>& ours,
                             const std::vector<eval::ItemResult>& theirs) {
  std::unordered_map<std::string_view, bool> right;
  for (const eval::ItemResult& item : theirs) right.emplace(item.id, item.correct);
  Difference out;
  for (const eval::ItemResult& item : ours) {
    const auto found = right.find(item.id);
    if (found == right.end()) continue;
    ++out.n;
    out.only_this += item.correct && !found->second ? 1 : 0;
    out.only_other += !item.correct && found->second ? 1 : 0;
  }
  if (out.n > 0)
    out.value = (static_cast<double>(out.only_this) - static_cast<double>(out.only_other)) /
                static_cast<double>(out.n);
  out.p = eval::mcnemar_p(out.only_this, out.only_other);
  return out;
}

EvalTable eval_table(const Results& results) {
  const std::set<std::string> named = named_parents(results);
  const std::vector<const Row*> rows = ordered(results, named);
  EvalTable table{.tasks = results.tasks, .is_complete = results.is_complete};
  for (const Row* row : rows) table.rows.push_back(table_row(results, *row, named));
  for (std::size_t column = 0; column <= results.tasks.size(); ++column)
    compare_column(table, results, rows, column);
  return table;
}

std::string_view kind_text(const TableRow& row) {
  if (row.source && !row.source->is_exact) return "mixture, not exact";
  return row.is_parent ? "parent" : eval::row_kind_name(row.kind);
}

}  // namespace mod::report
