// Any bytes as a recipe: reading must end in a recipe or in problems, and a recipe without errors
// must read back from its text in force.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "merge/recipe.h"
#include "merge/settings.h"
#include "mod/error.h"

namespace {

using namespace mod::merge;

void look_up_everything(const Recipe& recipe) {
  for (const ModelRef& ref : recipe.referenced_models()) (void)ref.text();
  for (const InputModel& input : recipe.models) {
    for (const Setting& setting : input.parameters) {
      (void)value_of(input.parameters, setting.name, {"model.layers.1.mlp", 0.5, true});
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RecipeOptions options;
  options.seed = size;
  options.compat = size % 2 == 0;
  if (size % 3 == 0) options.set = {{"parameters.lambda", "0.5"}};
  mod::Problems problems;
  const Recipe recipe = parse_recipe(text, "nowhere/recipe.yml", options, problems);
  if (problems.has_errors()) return 0;
  look_up_everything(recipe);

  mod::Problems again;
  const Recipe same = parse_recipe(recipe.effective_text, "nowhere/recipe.yml", {}, again);
  if (again.has_errors() || same.referenced_models() != recipe.referenced_models() ||
      same.seed != recipe.seed) {
    std::abort();
  }
  return 0;
}
