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

}  // namespace mod::merge
