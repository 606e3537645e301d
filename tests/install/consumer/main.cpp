// Uses the public API of an installed mod.cpp the way a program of someone else's would: lists a
// model's tensors, merges two models, and meets an error.
#include <mod/mod.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

bool refuses_a_wrong_recipe(const std::filesystem::path& work) {
  std::ofstream(work / "wrong.yml") << "merge_method: tise\nmodels: [{model: nowhere}]\n";
  try {
    mod::merge_recipe(work / "wrong.yml", work / "wrong");
  } catch (const mod::Error& error) {
    return error.exit_code() == 2 && !std::filesystem::exists(work / "wrong");
  }
  return false;
}

bool merges(const std::filesystem::path& models, const std::filesystem::path& work) {
  std::ofstream(work / "recipe.yml")
      << "merge_method: linear\nmodels:\n- {model: " << (models / "math").string()
      << ", parameters: {weight: 0.5}}\n- {model: " << (models / "code").string()
      << ", parameters: {weight: 0.5}}\n";
  mod::MergeOptions options;
  options.threads = 2;
  options.overwrite = true;
  const mod::MergeResult result = mod::merge_recipe(work / "recipe.yml", work / "merged", options);
  return result.models.size() == 2 && result.elements == 2560320 && result.models[0].distance > 0 &&
         mod::list_tensors(work / "merged").size() == mod::list_tensors(models / "math").size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::filesystem::path models = argv[1], work = argv[2];
  if (!merges(models, work) || !refuses_a_wrong_recipe(work)) return 1;
  std::printf("mod %s\n", mod::kVersion);
  return 0;
}
