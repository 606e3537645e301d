// The public API in terms of the rooms.
#include "checkpoint/checkpoint.h"
#include "merge/budget.h"
#include "merge/run.h"
#include "mod/checkpoint.h"
#include "mod/merge.h"

namespace mod {
namespace {

void report(const Problems& problems, const MergeOptions& options) {
  if (!options.warn) return;
  for (const Problem& problem : problems.all()) {
    if (problem.severity == Severity::kWarning) options.warn(to_text(problem));
  }
}

merge::Plan plan_of(const std::filesystem::path& recipe_file, const std::filesystem::path& out,
                    const MergeOptions& options, int threads) {
  Problems problems;
  merge::RecipeOptions recipe_options;
  recipe_options.set = options.set;
  recipe_options.seed = options.seed;
  const merge::Recipe recipe = merge::load_recipe(recipe_file, recipe_options, problems);
  problems.throw_if_errors();
  merge::PlanOptions plan_options;
  plan_options.shard_bytes = options.shard_bytes;
  plan_options.memory = options.memory;
  plan_options.threads = threads;
  plan_options.output = out;
  merge::Plan plan = merge::build_plan(recipe, plan_options, problems);
  if (options.strict) problems.make_strict();
  report(problems, options);
  problems.throw_if_errors();
  return plan;
}

}  // namespace

MergeResult merge_recipe(const std::filesystem::path& recipe, const std::filesystem::path& out,
                         const MergeOptions& options) {
  Log log(LogLevel::kQuiet);
  Context context;
  context.log = &log;
  if (options.threads > 0) context.threads = options.threads;
  const merge::Plan plan = plan_of(recipe, out, options, context.threads);
  const merge::Budget budget = merge::make_budget(plan, options.memory, context);
  context.threads = budget.workers;
  merge::RunOptions run;
  run.overwrite = options.overwrite;
  run.resume = options.resume;
  run.execute.tile_elements = budget.tile_elements;
  run.execute.state_bytes = budget.state_bytes;
  const merge::RunResult done = merge::merge_to_folder(plan, out, run, context);
  MergeResult result;
  for (std::size_t m = 0; m < plan.models.size(); ++m) {
    result.models.push_back({plan.models[m].label, done.totals.taken[m], done.totals.share[m],
                             done.totals.distance[m]});
  }
  result.elements = done.totals.elements;
  result.merged_elements = done.totals.merged_elements;
  result.nonfinite = done.totals.nonfinite;
  result.bytes_read = done.bytes_read;
  result.bytes_written = done.bytes_written;
  result.seconds = done.seconds;
  return result;
}

std::vector<TensorEntry> list_tensors(const std::filesystem::path& model) {
  Problems notes;
  const auto weights = checkpoint::Checkpoint::open(model, notes);
  std::vector<TensorEntry> list;
  for (const checkpoint::TensorInfo& tensor : weights->tensors()) {
    list.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.bytes,
                    weights->files()[tensor.file].path});
  }
  return list;
}

}  // namespace mod
