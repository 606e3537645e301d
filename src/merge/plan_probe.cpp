#include "merge/plan.h"
#include "mod/error.h"

namespace mod::merge {

void probe_models(const Recipe& recipe, Problems& problems) {
  for (const ModelRef& ref : recipe.referenced_models()) {
    if (ref.model.empty()) continue;
    try {
      Problems notes;  // belong to a plan, not to this
      checkpoint::open_model(checkpoint::resolve_model(ref.model, ref.revision, recipe.folder),
                             notes);
    } catch (const Error& error) {
      problems.error(ref.place, error.what());
    }
  }
}

Plan load_plan(const std::filesystem::path& file, const RecipeOptions& recipe_options,
               const PlanOptions& options, Problems& problems) {
  const Recipe recipe = load_recipe(file, recipe_options, problems);
  if (!problems.has_errors()) return build_plan(recipe, options, problems);
  probe_models(recipe, problems);  // what is wrong with the models is said in the same go
  return {};
}

}  // namespace mod::merge
