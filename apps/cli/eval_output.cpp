#include "eval_output.h"

#include <fmt/format.h>

#include "base/text.h"
#include "eval/graders.h"
#include "eval/prompt.h"
#include "eval/task.h"
#include "io/file.h"
#include "print.h"
#include "report/eval_json.h"
#include "report/eval_page.h"
#include "report/eval_text.h"

namespace mod::cli {
namespace {

void write_text(const std::string& file, const std::string& text) {
  if (!file.empty()) io::write_file_atomic(file, text);
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
  const report::EvalTable table = report::eval_table(all);
  if (!arguments.html.empty()) write_text(arguments.html, report::eval_page_html(all, {}));
  if (!arguments.markdown.empty()) {
    write_text(arguments.markdown,
               report::table_markdown(table) + "\n" + report::table_notes(table));
  }
  const std::string json =
      report::eval_json(all, table).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (arguments.json_on_stdout()) return fmt::print("{}", json);
  fmt::print("{}\n{}", report::table_text(table), report::table_notes(table));
  if (arguments.json) write_text(*arguments.json, json);
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
