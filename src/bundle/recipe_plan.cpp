#include "bundle/recipe_plan.h"

#include "base/log_problems.h"

namespace mod::bundle {

merge::Plan plan_recipe(const ModelArgument& argument, const std::vector<std::string>& set,
                        const Context& context) {
  merge::RecipeOptions recipe_options;
  for (const std::string& text : set) recipe_options.set.push_back(merge::parse_override(text));
  merge::PlanOptions options;
  options.memory = kMergeMemory;
  options.threads = context.threads;
  Problems problems;
  merge::Plan plan = merge::load_plan(argument.path, recipe_options, options, problems);
  log_problems(problems, *context.log);
  problems.throw_if_errors();
  return plan;
}

}  // namespace mod::bundle
