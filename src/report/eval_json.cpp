#include "report/eval_json.h"

namespace mod::report {
namespace {

/// Numbers and texts of models are UTF-8 in JSON, whatever they were.
std::string text_of(const std::string& text) { return clean(text); }

Json difference_json(const Difference& difference) {
  return {{"against", text_of(difference.against)},
          {"value", difference.value},
          {"p", difference.p},
          {"within_noise", difference.is_noise()},
          {"only_this", difference.only_this},
          {"only_other", difference.only_other},
          {"n", difference.n}};
}

Json row_json(const TableRow& row) {
  return {{"model", text_of(row.model)},
          {"label", text_of(row.label)},
          {"kind", eval::row_kind_name(row.kind)},
          {"exact", row.source == nullptr || row.source->is_exact},
          {"parent", row.is_parent},
          {"added", row.is_added}};
}

void add_score(Json& entry, const Score& score) {
  entry["accuracy"] = score.accuracy;
  entry["stderr"] = score.error;
  entry["n"] = score.n;
  if (score.interval) entry["interval"] = {score.interval->low, score.interval->high};
  if (score.accuracy_qwen) entry["accuracy_qwen"] = *score.accuracy_qwen;
  entry["best_parent"] = score.is_best_parent;
  if (score.difference) entry["difference"] = difference_json(*score.difference);
}

void add_costs(Json& entry, const TableRow& row) {
  if (row.tokens_per_second) entry["tokens_per_second"] = finite_or_null(*row.tokens_per_second);
  if (row.passes_per_token)
    entry["forward_passes_per_token"] = finite_or_null(*row.passes_per_token);
  if (row.memory_bytes > 0) entry["memory_bytes"] = row.memory_bytes;
}

Json items_json(const eval::Cell& cell) {
  Json items = Json::array();
  for (const eval::ItemResult& item : cell.items) {
    Json entry = {{"id", text_of(item.id)}, {"correct", item.correct}};
    if (item.correct_qwen) entry["correct_qwen"] = *item.correct_qwen;
    items.push_back(std::move(entry));
  }
  return items;
}

void add_cell(Json& entry, const eval::Cell& cell) {
  entry["seconds"] = finite_or_null(cell.seconds);
  entry["prompt_tokens"] = cell.prompt_tokens;
  entry["new_tokens"] = cell.new_tokens;
  for (const auto& [expert, passes] : cell.forward_passes)
    entry["forward_passes"][text_of(expert)] = passes;
  for (const auto& [name, value] : cell.metrics)
    entry["metrics"][text_of(name)] = finite_or_null(value);
  for (const auto& [name, value] : cell.metrics_stderr)
    entry["metrics_stderr"][text_of(name)] = finite_or_null(value);
  entry["items"] = items_json(cell);
}

Json matrix_json(const std::vector<std::vector<double>>& matrix) {
  Json out = Json::array();
  for (const std::vector<double>& row : matrix) {
    Json values = Json::array();
    for (const double value : row) values.push_back(finite_or_null(value));
    out.push_back(std::move(values));
  }
  return out;
}

Json likeness_json(const eval::Likeness& likeness) {
  Json out = {{"positions", likeness.positions},
              {"texts", likeness.texts},
              {"source", text_of(likeness.source)},
              {"rows", Json::array()},
              {"top1", matrix_json(likeness.top1)},
              {"jensen_shannon", matrix_json(likeness.jensen_shannon)},
              {"left_out", Json::array()}};
  for (const std::string& row : likeness.rows) out["rows"].push_back(text_of(row));
  for (const auto& [model, why] : likeness.left_out) {
    out["left_out"].push_back({{"model", text_of(model)}, {"reason", text_of(why)}});
  }
  return out;
}

}  // namespace

Json eval_json(const eval::Results& results, const EvalTable& table) {
  Json out = {{"format", 1},
              {"version", text_of(results.version)},
              {"date", text_of(results.date)},
              {"seed", results.seed},
              {"samples", results.samples},
              {"complete", results.is_complete},
              {"tasks", Json::array()},
              {"results", Json::array()},
              {"means", Json::array()}};
  for (const std::string& task : table.tasks) out["tasks"].push_back(text_of(task));
  for (const TableRow& row : table.rows) {
    for (std::size_t t = 0; t < table.tasks.size(); ++t) {
      if (!row.scores[t]) continue;
      Json entry = row_json(row);
      entry["task"] = text_of(table.tasks[t]);
      add_score(entry, *row.scores[t]);
      add_costs(entry, row);
      if (const eval::Cell* cell = row.source->find(table.tasks[t])) add_cell(entry, *cell);
      out["results"].push_back(std::move(entry));
    }
    if (!row.mean) continue;
    Json mean = row_json(row);
    add_score(mean, *row.mean);
    add_costs(mean, row);
    out["means"].push_back(std::move(mean));
  }
  if (results.likeness) out["likeness"] = likeness_json(*results.likeness);
  return out;
}

}  // namespace mod::report
