#include "report/eval_agreement.h"

#include <map>
#include <string>
#include <unordered_map>

namespace mod::report {
namespace {

/// What each row answered to an item, as a small number: equal answers, equal numbers; -1: nothing.
using Answers = std::vector<int>;

/// All items of all tasks, in the order of their first row.
std::vector<Answers> answers_of(const EvalTable& table, const std::vector<const TableRow*>& rows) {
  std::vector<Answers> out;
  std::vector<std::map<std::optional<std::string>, int>> known;  // of each item
  for (const std::string& task : table.tasks) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const eval::Cell* cell = rows[r]->source->find(task);
      if (cell == nullptr) continue;
      for (const eval::ItemResult& item : cell->items) {
        const std::size_t place = places.try_emplace(item.id, out.size()).first->second;
        if (place == out.size()) {
          out.emplace_back(rows.size(), -1);
          known.emplace_back();
        }
        const int next = static_cast<int>(known[place].size());
        out[place][r] = known[place].try_emplace(item.graded, next).first->second;
      }
    }
  }
  return out;
}

}  // namespace

Agreement agreement_of(const EvalTable& table) {
  Agreement out;
  for (const TableRow& row : table.rows) {
    if (row.kind != eval::RowKind::kOracle) out.rows.push_back(&row);
  }
  const std::vector<Answers> answers = answers_of(table, out.rows);
  const std::size_t n = out.rows.size();
  out.same.assign(n, std::vector<std::optional<double>>(n));
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = a; b < n; ++b) {
      std::size_t both = 0, equal = 0;
      for (const Answers& item : answers) {
        if (item[a] < 0 || item[b] < 0) continue;
        ++both;
        equal += item[a] == item[b] ? 1 : 0;
      }
      if (both > 0)
        out.same[a][b] = out.same[b][a] = static_cast<double>(equal) / static_cast<double>(both);
    }
  }
  return out;
}

}  // namespace mod::report
