#include "eval/results.h"

#include <algorithm>

#include "eval/sample_metrics.h"
#include "eval/stats/stats.h"

namespace mod::eval {
namespace {

std::vector<const Row*> parents_of(const Results& results) {
  std::vector<const Row*> parents;
  for (const Row& row : results.rows) {
    if (row.kind == RowKind::kParent) parents.push_back(&row);
  }
  return parents;
}

/// The items of the first parent that all parents have, each with the first right answer to it.
Cell any_right(const std::string& task, const std::vector<const Cell*>& cells) {
  std::map<std::string, std::vector<const ItemResult*>> by_id;
  for (const Cell* cell : cells) {
    for (const ItemResult& item : cell->items) by_id[item.id].push_back(&item);
  }
  Cell out;
  out.task = task;
  for (const ItemResult& item : cells.front()->items) {
    const std::vector<const ItemResult*>& answers = by_id[item.id];
    if (answers.size() != cells.size()) continue;
    const auto right = std::find_if(answers.begin(), answers.end(),
                                    [](const ItemResult* answer) { return answer->correct; });
    ItemResult best = right == answers.end() ? item : **right;
    if (best.correct_qwen) {
      best.correct_qwen = std::any_of(answers.begin(), answers.end(), [](const ItemResult* answer) {
        return answer->correct_qwen.value_or(false);
      });
    }
    for (auto& [name, verdict] : best.more_metrics) {
      verdict = std::any_of(answers.begin(), answers.end(), [&](const ItemResult* answer) {
        const auto found = answer->more_metrics.find(name);
        return found != answer->more_metrics.end() && found->second;
      });
    }
    best.more_samples.clear();
    best.forward_passes.clear();
    best.prompt_tokens = best.new_tokens = 0;
    best.seconds = 0;
    out.items.push_back(std::move(best));
  }
  finish_cell(out);
  return out;
}

}  // namespace

std::string_view row_kind_name(RowKind kind) {
  switch (kind) {
    case RowKind::kParent:
      return "model";
    case RowKind::kMerge:
      return "merge";
    case RowKind::kMixture:
      return "mixture";
    case RowKind::kOracle:
      break;
  }
  return "oracle";
}

const Cell* Row::find(std::string_view task) const {
  const auto found =
      std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.task == task; });
  return found == cells.end() ? nullptr : &*found;
}

void finish_cell(Cell& cell) {
  const std::size_t n = cell.items.size();
  std::size_t right = 0, right_qwen = 0, with_qwen = 0;
  std::map<std::string, std::size_t> right_by_metric;
  cell.prompt_tokens = cell.new_tokens = 0;
  cell.seconds = 0;
  cell.metrics.clear();
  cell.metrics_stderr.clear();
  cell.forward_passes.clear();
  for (const ItemResult& item : cell.items) {
    right += item.correct ? 1 : 0;
    with_qwen += item.correct_qwen ? 1 : 0;
    right_qwen += item.correct_qwen.value_or(false) ? 1 : 0;
    for (const auto& [name, verdict] : item.more_metrics) {
      right_by_metric[name] += verdict ? 1 : 0;
    }
    cell.seconds += item.seconds;
    for (const auto& [expert, tokens] : item.forward_passes) cell.forward_passes[expert] += tokens;
    cell.prompt_tokens += item.prompt_tokens;
    cell.new_tokens += item.new_tokens;
    for (const Reply& reply : item.more_samples) cell.new_tokens += reply.new_tokens;
  }
  const auto share = [n](std::size_t part) {
    return n == 0 ? 0 : static_cast<double>(part) / static_cast<double>(n);
  };
  cell.accuracy = share(right);
  cell.stderr_accuracy = accuracy_error(right, n);
  cell.accuracy_qwen.reset();
  if (n > 0 && with_qwen == n) cell.accuracy_qwen = share(right_qwen);
  for (const auto& [name, part] : right_by_metric) {
    cell.metrics[name] = share(part);
    cell.metrics_stderr[name] = accuracy_error(part, n);
  }
  add_sample_metrics(cell);
}

Row oracle_row(const Results& results) {
  Row row;
  row.label = "oracle";
  row.kind = RowKind::kOracle;
  const std::vector<const Row*> parents = parents_of(results);
  if (parents.size() < 2) return row;
  for (const Row* parent : parents) row.parents.push_back(parent->model);
  for (const std::string& task : results.tasks) {
    std::vector<const Cell*> cells;
    for (const Row* parent : parents) {
      if (const Cell* cell = parent->find(task)) cells.push_back(cell);
    }
    if (cells.size() == parents.size()) row.cells.push_back(any_right(task, cells));
  }
  return row;
}

}  // namespace mod::eval
