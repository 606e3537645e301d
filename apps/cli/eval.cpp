// `mod eval MODEL... --tasks T`: one table for models, merges and mixtures. What needs no model is
// a subcommand of its own, eval_NAME.cpp, and a line here.
#include <fmt/format.h>

#include <memory>

#include "commands.h"
#include "eval/lm_eval_files.h"
#include "eval_options.h"
#include "eval_output.h"
#include "mod/error.h"

namespace mod::cli {
namespace {

eval::OpenRun how_to_open(const EvalArguments& arguments) {
  if (arguments.overwrite) return eval::OpenRun::kOverwrite;
  return arguments.resume ? eval::OpenRun::kResume : eval::OpenRun::kNew;
}

void run_eval(const EvalArguments& arguments, const Invocation& run) {
  if (arguments.lists_tasks()) return show_tasks(arguments);
  eval::Evaluation evaluation(eval_settings(arguments, run.log()), run.context);
  eval::RunFolder folder(arguments.out, evaluation.asked(), how_to_open(arguments));
  const eval::Results results = evaluation.run(folder);
  show_results(results, arguments);
  if (!results.is_complete) {
    throw Error(ErrorCode::kCancelled,
                fmt::format("stopped by the user; the same command with --resume goes on, what is "
                            "answered is in {}",
                            folder.path().string()));
  }
  eval::write_lm_eval_files(folder.path(), evaluation, results);
  folder.finish();
}

}  // namespace

void add_eval(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App& eval = tree.add(
      parent, "eval", "Compare models, merges and mixtures on the same items",
      "mod eval examples/specialists/math examples/specialists/base --tasks math,code --limit 20\n"
      "  mod eval recipe.yml --tasks specialists --json results.json\n"
      "  mod eval --expert a=A --expert b=B --gate turn --tasks specialists\n"
      "  mod eval MODEL --tasks gsm8k --data-dir ~/data --resume\n"
      "  mod eval --tasks list\n\n"
      "The models that a recipe names get rows of their own. Every answered item is written to\n"
      "--out at once; a run that was stopped goes on with --resume. Below `mod eval`:",
      [arguments](Invocation& run) { run_eval(*arguments, run); });
  add_eval_options(eval, *arguments);
  add_eval_grade(tree, eval);
  add_eval_normalize(tree, eval);
  add_eval_compare(tree, eval);
}

}  // namespace mod::cli
