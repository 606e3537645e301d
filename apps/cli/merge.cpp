// `mod merge RECIPE OUT`: from a recipe to a finished checkpoint.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "commands.h"
#include "merge/budget.h"
#include "merge/run.h"
#include "mod/error.h"
#include "print.h"
#include "recipe_options.h"

namespace mod::cli {
namespace {

struct Arguments {
  RecipeArguments recipe;
  std::string out;
  merge::RunOptions run;
  bool safe_serialization = true;
  bool no_hash = false;
  bool brief = false;
  std::vector<std::string> accepted;
};

double rate(const merge::RunResult& result) {
  return static_cast<double>(result.bytes_read + result.bytes_written) / result.seconds;
}

/// "0.90 base, 0.10 math": shares with enough digits to see that a small one is not zero.
std::string shares_text(const merge::Plan& plan, const std::vector<double>& values, bool percent) {
  std::string text;
  for (std::size_t m = 0; m < values.size(); ++m) {
    if (!text.empty()) text += percent ? ", " : "  ";
    const std::string name = std::filesystem::path(plan.models[m].label).filename().string();
    text += percent ? fmt::format("{} {:.3g} %", name, 100 * values[m])
                    : fmt::format("{} {:.3f}", name, values[m]);
  }
  return text;
}

void print_result(const merge::Plan& plan, const merge::RunResult& result, const std::string& out) {
  fmt::print("{}: {} tensors, {} elements, {} in {} ({} read and written)\n", out,
             plan.tensors.size(), count_text(result.totals.elements),
             size_text(result.bytes_written), duration_text(result.seconds),
             rate_text(rate(result)));
  fmt::print("taken from:  {} of {} merged elements\n",
             shares_text(plan, result.totals.share, true),
             count_text(result.totals.merged_elements));
  fmt::print("distance to: {}\n", shares_text(plan, result.totals.distance, false));
  fmt::print("memory:      {} at most\n", size_text(peak_resident_bytes()));
}

void print_brief(const merge::Plan& plan, const merge::RunResult& result,
                 const std::string& recipe) {
  fmt::print("{:<18} {:>7.3f} s {:>6.2f} GB/s   {:<58} {}\n",
             std::filesystem::path(recipe).stem().string(), result.seconds, rate(result) / 1e9,
             shares_text(plan, result.totals.share, true),
             shares_text(plan, result.totals.distance, false));
}

Json result_json(const merge::Plan& plan, const merge::RunResult& result, const std::string& out) {
  Json share = Json::object(), distance = Json::object(), taken = Json::object();
  for (std::size_t m = 0; m < plan.models.size(); ++m) {
    taken[plan.models[m].label] = result.totals.taken[m];
    share[plan.models[m].label] = result.totals.share[m];
    distance[plan.models[m].label] = result.totals.distance[m];
  }
  return {{"out", out},
          {"method", plan.method->name},
          {"seconds", result.seconds},
          {"bytes_read", result.bytes_read},
          {"bytes_written", result.bytes_written},
          {"gb_per_s", rate(result) / 1e9},
          {"peak_memory", peak_resident_bytes()},
          {"tensors", plan.tensors.size()},
          {"elements", result.totals.elements},
          {"merged_elements", result.totals.merged_elements},
          {"resumed_shards", result.resumed_shards},
          {"taken", taken},
          {"share", share},
          {"distance", distance},
          {"nonfinite", result.totals.nonfinite}};
}

void warn_after(const merge::Plan& plan, const merge::RunResult& result, Log& log) {
  for (const std::string& text : merge::share_warnings(plan, result.totals)) log.warn(text);
  if (result.totals.nonfinite > 0) {
    log.warn(
        fmt::format("{} elements of the result are NaN or infinite; mod_report.json says in which "
                    "tensors",
                    count_text(result.totals.nonfinite)));
  }
}

void run(const Arguments& arguments, Invocation& invocation) {
  if (!arguments.safe_serialization) {
    throw Error(
        ErrorCode::kUnsupported,
        "--no-safe-serialization: writing PyTorch .bin files is not supported yet; leave it out "
        "to write safetensors");
  }
  for (const std::string& option : arguments.accepted) {
    invocation.log().debug(option + " is accepted for mergekit's sake and has no effect here");
  }
  merge::PlanOptions options = plan_options(arguments.recipe, invocation.context);
  options.output = arguments.out;
  const merge::Plan plan = make_plan(arguments.recipe, options, invocation.log(), nullptr);
  const merge::Budget budget = merge::make_budget(plan, options.memory, invocation.context);
  merge::RunOptions run_options = arguments.run;
  run_options.hash = !arguments.no_hash;
  run_options.execute.tile_elements = budget.tile_elements;
  run_options.execute.state_bytes = budget.state_bytes;
  Context context = invocation.context;
  context.threads = budget.workers;
  const merge::RunResult result = merge::merge_to_folder(plan, arguments.out, run_options, context);
  warn_after(plan, result, invocation.log());
  if (invocation.json) {
    print_json(result_json(plan, result, arguments.out));
  } else if (arguments.brief) {
    print_brief(plan, result, arguments.recipe.recipe);
  } else {
    print_result(plan, result, arguments.out);
  }
}

}  // namespace

void add_merge(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      tree.add(parent, "merge", "Write the merged checkpoint of a recipe",
               "mod merge examples/recipes/ties.yml merged/\n  mod merge recipe.yml out/ --set "
               "parameters.lambda=0.3",
               [arguments](Invocation& invocation) { run(*arguments, invocation); });
  add_recipe_options(command, arguments->recipe);
  command.add_option("OUT", arguments->out, "Folder to write (absent or empty)")->required();
  command.add_flag("--overwrite", arguments->run.overwrite,
                   "Replace a checkpoint in OUT (removes checkpoint files only)");
  command.add_flag("--resume", arguments->run.resume,
                   "Keep the finished shards of an interrupted run of the same recipe and inputs");
  command.add_flag("--copy-tokenizer,!--no-copy-tokenizer", arguments->run.copy_tokenizer,
                   "Copy the tokenizer files of the first or base model (default: yes)");
  command.add_flag("--write-model-card,!--no-write-model-card", arguments->run.write_card,
                   "Write README.md (default: yes)");
  command.add_flag("--no-hash", arguments->no_hash,
                   "Leave SHA-256 out of mod_report.json (`mod verify` then checks shapes only)");
  command.add_flag("--brief", arguments->brief, "Print one line");
  command.add_flag("--safe-serialization,!--no-safe-serialization", arguments->safe_serialization)
      ->group("");
  add_accepted_options(command, arguments->accepted);
}

}  // namespace mod::cli
