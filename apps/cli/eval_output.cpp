#include "eval_output.h"

#include <fmt/format.h>

#include "base/text.h"
#include "eval/graders.h"
#include "eval/prompt.h"
#include "eval/task.h"
#include "io/file.h"
#include "print.h"

namespace mod::cli {
namespace {

std::string percent(double value, double error) {
  return fmt::format("{:.1f} ± {:.1f}", 100 * value, 100 * error);
}

Json cell_json(const eval::Row& row, const eval::Cell& cell) {
  Json json = {
      {"model", row.model},    {"label", row.label},        {"kind", eval::row_kind_name(row.kind)},
      {"task", cell.task},     {"accuracy", cell.accuracy}, {"stderr", cell.stderr_accuracy},
      {"n", cell.items.size()}};
  if (cell.accuracy_qwen) json["accuracy_qwen"] = *cell.accuracy_qwen;
  for (const auto& [name, value] : cell.metrics) json["metrics"][name] = value;
  for (const auto& [name, value] : cell.metrics_stderr) json["metrics_stderr"][name] = value;
  json["seconds"] = cell.seconds;
  json["prompt_tokens"] = cell.prompt_tokens;
  json["new_tokens"] = cell.new_tokens;
  json["forward_passes"] = cell.forward_passes;
  json["memory_bytes"] = row.memory_bytes;
  return json;
}

Json results_json(const eval::Results& results) {
  Json list = Json::array();
  for (const eval::Row& row : results.rows) {
    for (const eval::Cell& cell : row.cells) list.push_back(cell_json(row, cell));
  }
  return {{"results", list},      {"seed", results.seed},       {"samples", results.samples},
          {"date", results.date}, {"version", results.version}, {"complete", results.is_complete}};
}

void print_table(const eval::Results& results) {
  std::vector<std::string> header = {"model", "kind"};
  std::vector<std::size_t> right;
  for (const std::string& task : results.tasks) {
    right.push_back(header.size());
    header.push_back(task);
  }
  Table table(header, right);
  for (const eval::Row& row : results.rows) {
    std::vector<std::string> cells = {row.label, std::string(eval::row_kind_name(row.kind))};
    for (const std::string& task : results.tasks) {
      const eval::Cell* cell = row.find(task);
      cells.push_back(cell ? percent(cell->accuracy, cell->stderr_accuracy) : "-");
    }
    table.add(std::move(cells));
  }
  table.print();
}

Json task_json(const eval::Task& task) {
  return {{"task", task.name},
          {"help", task.help},
          {"items", task.data.items},
          {"data", task.data.file},
          {"shots", task.shots},
          {"shots_from", task.shots_from},
          {"prompt", task.prompt},
          {"grader", task.grader},
          {"max_new_tokens", task.is_multiple_choice() ? 0 : task.decoding.max_new_tokens},
          {"source", task.data.source},
          {"licence", task.data.licence}};
}

}  // namespace

void show_results(const eval::Results& results, const EvalArguments& arguments) {
  eval::Results all = results;
  eval::Row oracle = eval::oracle_row(results);
  if (!oracle.cells.empty()) all.rows.push_back(std::move(oracle));
  const Json json = results_json(all);
  if (arguments.json_on_stdout()) return print_json(json);
  print_table(all);
  if (!arguments.json) return;
  io::write_file_atomic(*arguments.json,
                        json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

void show_tasks(const EvalArguments& arguments) {
  const std::vector<eval::Task> tasks = eval::builtin_tasks();
  if (arguments.json) {
    Json list = Json::array();
    for (const eval::Task& task : tasks) list.push_back(task_json(task));
    return print_json({{"tasks", list}});
  }
  Table table({"task", "items", "prompt", "grader", "data", "licence of the data"}, {1});
  for (const eval::Task& task : tasks) {
    table.add({task.name, count_text(task.data.items), task.prompt, task.grader, task.data.file,
               task.data.licence});
  }
  table.print();
  fmt::print("\n");
  Table sources({"task", "what it is", "where the data comes from"}, {});
  for (const eval::Task& task : tasks) {
    const bool is_here = task.data.source == "examples";
    sources.add({task.name, task.help,
                 is_here ? "with mod.cpp: " + task.data.folder + "/" : task.data.source});
  }
  sources.print();
  fmt::print(
      "\nPaths start at --data-dir (default: data). `specialists` and `paper` stand for the "
      "first four and the next twelve.\n\nGraders:\n");
  for (const auto name : eval::grader_names()) {
    fmt::print("  {:10}  {}\n", name, eval::grader_help(name));
  }
  fmt::print("\nPrompt types:\n");
  for (const auto name : eval::prompt_names()) {
    fmt::print("  {:15}  {}\n", name, eval::prompt_help(name));
  }
}

}  // namespace mod::cli
