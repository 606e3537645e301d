// Results of evaluations as pages and tables get them.
#pragma once

#include <string>
#include <vector>

#include "eval/results.h"

namespace mod::report {

/// One task answered right where the text has a '1'; ids "0", "1", ...
inline eval::Cell cell_of(const std::string& task, const std::string& verdicts) {
  eval::Cell cell;
  cell.task = task;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    eval::ItemResult item;
    item.id = std::to_string(i);
    item.question = "question " + item.id;
    item.gold = "7";
    item.correct = verdicts[i] == '1';
    item.graded = item.correct ? "7" : "8";
    item.response = "so \\boxed{" + *item.graded + "}";
    item.prompt_tokens = 10;
    item.new_tokens = 5;
    cell.items.push_back(item);
  }
  eval::finish_cell(cell);
  cell.seconds = 2;
  return cell;
}

inline eval::Row row_of(const std::string& model, eval::RowKind kind,
                        const std::vector<std::string>& parents, std::vector<eval::Cell> cells) {
  eval::Row row;
  row.model = row.label = model;
  row.kind = kind;
  row.parents = parents;
  row.cells = std::move(cells);
  row.memory_bytes = 1 << 20;
  for (eval::Cell& cell : row.cells) {
    const std::uint64_t tokens = cell.prompt_tokens + cell.new_tokens;
    cell.forward_passes = {{"a", tokens}};
    if (kind == eval::RowKind::kMixture) cell.forward_passes["b"] = tokens / 2;
  }
  return row;
}

/// Two parents, another model, a merge, a mixture and the oracle on two tasks, small enough for
/// pencil and paper.
inline eval::Results small_results() {
  using eval::RowKind;
  eval::Results results;
  results.tasks = {"sum", "word"};
  results.rows = {
      row_of("mix.yml", RowKind::kMixture, {"left", "right"},
             {cell_of("sum", "1111111110"), cell_of("word", "1111")}),
      row_of("left", RowKind::kParent, {}, {cell_of("sum", "1111100000"), cell_of("word", "0100")}),
      row_of("other", RowKind::kParent, {},
             {cell_of("sum", "1111111111"), cell_of("word", "0000")}),
      row_of("right", RowKind::kParent, {},
             {cell_of("sum", "0000000011"), cell_of("word", "1101")}),
      row_of("merge.yml", RowKind::kMerge, {"left", "right"},
             {cell_of("sum", "1111000001"), cell_of("word", "0000")}),
  };
  results.rows.push_back(eval::oracle_row(results));
  results.date = "2026-01-31T12:00:00Z";
  results.version = "0.1.0";
  results.seed = 7;
  return results;
}

}  // namespace mod::report
