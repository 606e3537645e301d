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
    const std::uint64_t tokens = cell.new_tokens;
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

/// Made-up answers of `n` models to four tasks: skills as the specialists have them, replies with
/// markup, broken UTF-8 and no answers at all among them.
inline eval::Results large_results(std::size_t merges, std::size_t items) {
  using eval::RowKind;
  eval::Results results;
  results.tasks = {"math", "code", "french", "switch"};
  results.date = "2026-01-31T12:00:00Z";
  results.version = "0.1.0";
  const std::vector<std::string> parents = {"specialists/base", "specialists/math",
                                            "specialists/code", "specialists/french"};
  std::uint64_t state = 1;
  const auto random = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 40) / static_cast<double>(1 << 24);
  };
  const auto add = [&](const std::string& name, RowKind kind, std::vector<double> skills) {
    std::vector<eval::Cell> cells;
    for (std::size_t t = 0; t < results.tasks.size(); ++t) {
      std::string verdicts;
      for (std::size_t i = 0; i < items; ++i) verdicts += random() < skills[t] ? '1' : '0';
      cells.push_back(cell_of(results.tasks[t], verdicts));
      for (std::size_t i = 0; i < items; ++i) {
        eval::ItemResult& item = cells.back().items[i];
        item.question = "There are " + std::to_string(3 + i % 9) + " drawers with " +
                        std::to_string(2 + i % 7) + " cards in each.\nHow many cards are there?";
        if (!item.correct) item.graded = std::to_string(8 + static_cast<int>(random() * 6));
        item.response = "3 * 7 = 21\n21 + 14 = " + *item.graded + "\n\\boxed{" + *item.graded + "}";
        if (i % 50 == 17) item.response += "</script><b>\xFF\x07";
        if (!item.correct && i % 11 == 0) {
          item.graded.reset();
          item.response = "There are many cards, and more cards, and more cards, and more cards";
        }
      }
    }
    results.rows.push_back(
        row_of(name, kind, kind == RowKind::kParent ? std::vector<std::string>{} : parents, cells));
    results.rows.back().label = name.substr(name.find('/') + 1);
    results.rows.back().memory_bytes = kind == RowKind::kMixture ? 15'356'928 : 5'118'976;
  };
  add(parents[0], RowKind::kParent, {.66, .48, .95, .73});
  add(parents[1], RowKind::kParent, {1, .16, .52, .61});
  add(parents[2], RowKind::kParent, {.44, .93, .5, .55});
  add(parents[3], RowKind::kParent, {.17, .06, 1, .5});
  for (std::size_t m = 0; m < merges; ++m)
    add("recipes/task-arithmetic-" + std::to_string(m) + ".yml", RowKind::kMerge,
        {.7 - .02 * static_cast<double>(m), .47, .95, .6});
  add("mixtures/uniform.yml", RowKind::kMixture, {.84, .51, .87, .76});
  add("mixtures/turn.yml", RowKind::kMixture, {1, .93, 1, .967});
  add("mixtures/share.yml", RowKind::kMixture, {1, .93, 1, .963});
  results.rows.push_back(eval::oracle_row(results));
  return results;
}

}  // namespace mod::report
