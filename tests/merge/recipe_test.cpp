// What a recipe means: accepted forms, overrides, the text in force.
#include "merge/recipe.h"

#include <gtest/gtest.h>

#include <fstream>

#include "merge/settings.h"
#include "mod/error.h"
#include "recipe_support.h"

namespace mod::merge {
namespace {

constexpr std::string_view kTies = R"(# two models on a base
merge_method: ties
base_model: models/base
dtype: torch.bfloat16
out_dtype: float32
seed: 7
models:
  - model: models/math
    parameters: {weight: 1e-1, density: [0.5, '0.7']}
  - model: models/code@v2
    parameters:
      weight:
        - {filter: mlp, value: 0.3}
        - {value: true}
  - model: models/base
parameters:
  normalize: off
  lambda: 1.0
)";

TEST(Recipe, ReadsModels) {
  const Read r = read(kTies, {}, "some/where/r.yml");
  ASSERT_TRUE(r.problems.all().empty()) << r.all();
  EXPECT_EQ(r.recipe.method, "ties");
  EXPECT_EQ(r.recipe.method_place.line, 2);
  EXPECT_EQ(r.recipe.folder, "some/where");
  EXPECT_EQ(r.recipe.base_model->model, "models/base");
  EXPECT_EQ(r.recipe.dtype, DType::BF16);
  EXPECT_EQ(r.recipe.out_dtype, DType::F32);
  EXPECT_EQ(r.recipe.seed, 7U);
  EXPECT_EQ(r.recipe.compute, std::nullopt);
  EXPECT_FALSE(r.recipe.from_mod_repository);
  ASSERT_EQ(r.recipe.models.size(), 3U);
  EXPECT_TRUE(r.recipe.slices.empty());
  const Settings& math = r.recipe.models[0].parameters;
  EXPECT_EQ(value_of(math, "weight", {"x"}), 0.1);
  EXPECT_EQ(value_of(math, "density", {"x", 0.5, true}), 0.6);
  EXPECT_EQ(math[0].place.line, 9);
  const Settings& code = r.recipe.models[1].parameters;
  EXPECT_EQ(value_of(code, "weight", {"mlp"}), 0.3);
  EXPECT_EQ(value_of(code, "weight", {"attn"}), 1.0) << "true is 1";
  EXPECT_EQ(value_of(r.recipe.parameters, "normalize", {"x"}), 0.0);
  EXPECT_EQ(r.recipe.source_text, kTies);
  EXPECT_EQ(r.recipe.effective_text, kTies);
}

TEST(Recipe, ReadsSlices) {
  const Read r = read(R"(merge_method: passthrough
base_model: a
slices:
  - sources:
      - model: a
        layer_range: [0, 4]
  - sources:
      - {model: b, layer_range: [2, 6], parameters: {scale: 0.5}}
    base_model: b
    parameters: {scale: 2}
)");
  ASSERT_TRUE(r.problems.all().empty()) << r.all();
  ASSERT_EQ(r.recipe.slices.size(), 2U);
  const Slice& second = r.recipe.slices[1];
  EXPECT_EQ(second.sources[0].layer_range, (std::pair<std::int64_t, std::int64_t>(2, 6)));
  EXPECT_EQ(second.base_model->model, "b");
  EXPECT_EQ(value_of(second.parameters, "scale", {"x"}), 2.0);
  EXPECT_EQ(second.place.key_path, "slices[1]");
}

TEST(Recipe, FoldsTheDefaultModule) {
  const Read r = read(R"(merge_method: linear
modules:
  default:
    models:
      - model: a
      - model: b
    parameters: {weight: 0.5}
)");
  ASSERT_TRUE(r.problems.all().empty()) << r.all();
  ASSERT_EQ(r.recipe.models.size(), 2U);
  EXPECT_EQ(value_of(r.recipe.module_parameters, "weight", {"x"}), 0.5);
}

TEST(Recipe, StringParametersOfMod) {
  const Read r = read(R"(merge_method: mod
compute: bf16
models:
  - {model: a, parameters: {weight: 0.9}}
  - {model: b, parameters: {weight: 0.1}}
parameters: {select: rank, match: [mlp, attn]}
)");
  ASSERT_TRUE(r.problems.all().empty()) << r.all();
  const SettingLevels top{.top = &r.recipe.parameters};
  EXPECT_EQ(resolve_strings(top, "select", "x")->at(0), "rank");
  EXPECT_EQ(*resolve_strings(top, "match", "x"), (std::vector<std::string>{"mlp", "attn"}));
  EXPECT_EQ(r.recipe.compute, Compute::kBf16);
}

TEST(Recipe, AModelListedTwiceCollapses) {
  const Read r = read(R"(merge_method: linear
slices:
  - sources:
      - {model: a, layer_range: [0, 2], parameters: {weight: [{filter: mlp, value: 0.1}]}}
      - {model: b, layer_range: [0, 2], parameters: {weight: 1}}
      - {model: a, layer_range: [2, 4], parameters: {weight: 0.7}}
)");
  EXPECT_TRUE(has_warning(r, 6, "slices[0].sources[2]", "listed twice")) << r.all();
  ASSERT_EQ(r.errors(), 0U);
  const Slice& slice = r.recipe.slices[0];
  ASSERT_EQ(slice.sources.size(), 2U);
  EXPECT_EQ(slice.sources[0].layer_range->first, 2);
  EXPECT_EQ(value_of(slice.sources[0].parameters, "weight", {"mlp"}), 0.1);
  EXPECT_EQ(value_of(slice.sources[0].parameters, "weight", {"attn"}), 0.7);
}

TEST(Recipe, ASingleConditionIsAListOfOne) {
  const Read r = read(
      "merge_method: linear\nmodels: [{model: a}]\n"
      "parameters:\n  weight: {value: 0.4, filter: mlp}\n  normalize: false\n");
  EXPECT_TRUE(has_warning(r, 4, "parameters.weight", "read as a list of one")) << r.all();
  ASSERT_EQ(r.errors(), 0U);
  EXPECT_EQ(value_of(r.recipe.parameters, "weight", {"mlp"}), 0.4);
  EXPECT_EQ(value_of(r.recipe.parameters, "weight", {"attn"}), std::nullopt);
}

TEST(Recipe, OverridesChangeTheTextInForce) {
  RecipeOptions options;
  options.set = {{"parameters.lambda", "0.5"}, {"models[0].parameters.weight", "[0, 1]"}};
  options.seed = 18446744073709551615U;
  const Read r = read(kTies, options);
  ASSERT_TRUE(r.problems.all().empty()) << r.all();
  EXPECT_EQ(value_of(r.recipe.parameters, "lambda", {"x"}), 0.5);
  EXPECT_EQ(value_of(r.recipe.models[0].parameters, "weight", {"x", 0.25, true}), 0.25);
  EXPECT_EQ(r.recipe.seed, 18446744073709551615U);
  EXPECT_EQ(r.recipe.source_text, kTies);
  EXPECT_NE(r.recipe.effective_text, kTies);

  const Read again = read(r.recipe.effective_text);
  ASSERT_TRUE(again.problems.all().empty()) << again.all() << r.recipe.effective_text;
  EXPECT_EQ(again.recipe.seed, r.recipe.seed);
  EXPECT_EQ(value_of(again.recipe.parameters, "lambda", {"x"}), 0.5);
  EXPECT_EQ(again.recipe.models[1].model, r.recipe.models[1].model);
  EXPECT_EQ(again.recipe.dtype, r.recipe.dtype);

  RecipeOptions nothing;
  nothing.set = {{"seed", "7"}};
  const Read same = read(r.recipe.effective_text, nothing);
  const Read once_more = read(same.recipe.effective_text, nothing);
  EXPECT_EQ(same.recipe.effective_text, once_more.recipe.effective_text);
}

TEST(Recipe, BadOverridesAreErrors) {
  RecipeOptions options;
  options.set = {{"models.weight", "1"}, {"", "2"}, {"seed", "[1"}, {"dtype", "bf16"}};
  const Read r = read(kTies, options);
  EXPECT_EQ(r.errors(), 3U) << r.all();
  EXPECT_NE(r.all().find("--set models.weight"), std::string::npos) << r.all();
}

TEST(Recipe, AnchorsAndMergeKeysWork) {
  const Read r = read(R"(merge_method: linear
models:
  - model: a
    parameters: &p {weight: 0.25}
  - model: b
    parameters: {<<: *p}
)");
  ASSERT_TRUE(r.problems.all().empty()) << r.all();
  EXPECT_EQ(value_of(r.recipe.models[1].parameters, "weight", {"x"}), 0.25);
}

TEST(Recipe, NullIsAbsent) {
  const Read r = read(
      "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\nslices: []\nmodules:\n"
      "base_model: ~\ndtype:\ntokenizer_source: null\nchat_template:\nseed:\ncompute:\n"
      "parameters:\npost: []\ntokenizer:\nmoe_layout: per_expert\n");
  EXPECT_TRUE(r.problems.all().empty()) << r.all();
}

TEST(Recipe, LoadsFromAFile) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "mod_recipe.yml";
  std::ofstream(file) << kTies;
  Problems problems;
  const Recipe recipe = load_recipe(file, {}, problems);
  EXPECT_TRUE(problems.all().empty());
  EXPECT_EQ(recipe.method, "ties");
  EXPECT_EQ(recipe.method_place.file, file.string());
  std::filesystem::remove(file);
  try {
    load_recipe(file, {}, problems);
    ADD_FAILURE() << "a missing file was read";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("mod_recipe.yml"), std::string::npos);
  }
}

}  // namespace
}  // namespace mod::merge
