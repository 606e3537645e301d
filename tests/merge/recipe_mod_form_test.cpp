// The configuration form of the public MoD code.
#include <gtest/gtest.h>

#include "merge/settings.h"
#include "recipe_support.h"

namespace mod::merge {
namespace {

constexpr std::string_view kForm = R"(base_model: general-7b
experts:
  - source_model: general-7b
  - source_model: math-7b
model_kwargs:
  - device_map: cuda
  - trust_remote_code: true
weights: [0.9, 0.1]
)";

std::string form(std::string_view weights, std::string_view base = "a", int experts = 2) {
  std::string out = "base_model: " + std::string(base) + "\nexperts:\n";
  for (int i = 0; i < experts; ++i) {
    out.append("  - source_model: ").append(1, static_cast<char>('a' + i)).append("\n");
  }
  return out + "weights: " + std::string(weights) + "\n";
}

TEST(ModForm, IsTheNativeRecipe) {
  const Read r = read(kForm);
  ASSERT_EQ(r.errors() + r.warnings(), 0U) << r.all();
  EXPECT_TRUE(has(r, Severity::kNote, 1, "base_model", "no effect"));
  EXPECT_TRUE(r.recipe.from_mod_repository);
  EXPECT_EQ(r.recipe.method, "mod");
  EXPECT_EQ(r.recipe.base_model, std::nullopt) << "the donor is the first expert";
  EXPECT_EQ(r.recipe.compute, Compute::kBf16);
  EXPECT_EQ(r.recipe.out_dtype, DType::BF16);
  ASSERT_EQ(r.recipe.models.size(), 2U);
  EXPECT_EQ(r.recipe.models[0].model.model, "general-7b");
  EXPECT_EQ(value_of(r.recipe.models[1].parameters, "weight", {"x"}), 0.1);
  const SettingLevels top{.top = &r.recipe.parameters};
  EXPECT_EQ(resolve_strings(top, "select", "x")->at(0), "reference");
  EXPECT_EQ(resolve_strings(top, "match", "x")->at(0), "mlp");
  EXPECT_EQ(r.recipe.source_text, kForm);
  EXPECT_EQ(r.recipe.effective_text, R"(merge_method: mod
models:
  - model: general-7b
    parameters:
      weight: 0.9
  - model: math-7b
    parameters:
      weight: 0.1
parameters:
  select: reference
  match: mlp
compute: bf16
out_dtype: bfloat16
)");
  const Read again = read(r.recipe.effective_text);
  EXPECT_TRUE(again.problems.all().empty()) << again.all();
  EXPECT_EQ(again.recipe.compute, Compute::kBf16);
  EXPECT_EQ(again.recipe.models[1].model, r.recipe.models[1].model);
}

TEST(ModForm, KwargsAreAMapAListOrAbsent) {
  const std::string head = form("[0.5, 0.5]");
  for (const char* kwargs : {"", "model_kwargs: {device_map: cpu, low_cpu_mem_usage: true}\n",
                             "model_kwargs:\n  - device_map: cpu\n  - torch_dtype: x\n"}) {
    const Read r = read(head + kwargs);
    EXPECT_EQ(r.errors() + r.warnings(), 0U) << kwargs << r.all();
  }
  const Read odd = read(head + "model_kwargs:\n  - devise_map: cpu\n  - zzz: 1\n");
  EXPECT_TRUE(has_warning(odd, 7, "model_kwargs", "'devise_map', 'zzz'")) << odd.all();
  EXPECT_EQ(odd.warnings(), 1U);
  EXPECT_TRUE(has_error(read(head + "model_kwargs: 3\n"), 6, "model_kwargs", "map or a list"));
  EXPECT_TRUE(has_error(read(head + "model_kwargs: [3]\n"), 6, "model_kwargs[0]", "must be a map"));
}

TEST(ModForm, WeightsSumToOne) {
  for (const char* good : {"[0.6, 0.4000001]", "[1, 0]", "[0, 1]", "[0.600004, 0.400004]"}) {
    EXPECT_EQ(read(form(good)).errors(), 0U) << good << read(form(good)).all();
  }
  EXPECT_TRUE(has_error(read(form("[0.6, 0.41]")), 5, "weights", "must sum to 1, here to 1.01"));
  EXPECT_TRUE(has_error(read(form("[0.6, 0.39998]")), 5, "weights", "must sum to 1"));
  EXPECT_TRUE(has_error(read(form("[1.5, -0.5]")), 5, "weights[0]", "from 0 to 1"));
  EXPECT_TRUE(has_error(read(form("[1.5, -0.5]")), 5, "weights[1]", "from 0 to 1"));
  EXPECT_TRUE(has_error(read(form("[.nan, 1]")), 5, "weights[0]", "from 0 to 1"));
  EXPECT_TRUE(has_error(read(form("[x, 1]")), 5, "weights[0]", "the string 'x'"));
  EXPECT_TRUE(has_error(read(form("[0.5, 0.3, 0.2]")), 5, "weights", "2 experts, 3 weights"));
  EXPECT_TRUE(has_error(read(form("0.5")), 5, "weights", "must be a list"));
}

TEST(ModForm, BaseModelIsOneOfTheExpertsByText) {
  EXPECT_EQ(read(form("[0.5, 0.5]", "b")).errors(), 0U);
  EXPECT_EQ(read(form("[0.5, 0.5]", "b")).recipe.models[0].model.model, "a");
  EXPECT_TRUE(has_error(read(form("[0.5, 0.5]", "./a")), 1, "base_model", "none of the experts"));
  const Read missing = read("experts: [{source_model: a}, {source_model: b}]\nweights: [1, 0]\n");
  EXPECT_TRUE(has_error(missing, 1, "", "'base_model' is missing")) << missing.all();
}

TEST(ModForm, ThreeExpertsNeedCompat) {
  const std::string text = form("[0.5, 0.3, 0.2]", "b", 3);
  const Read r = read(text);
  EXPECT_TRUE(has_error(r, 3, "experts", "two experts, here are 3")) << r.all();
  RecipeOptions options;
  options.compat = true;
  const Read compat = read(text, options);
  EXPECT_TRUE(has_warning(compat, 3, "experts", "kept from the first")) << compat.all();
  ASSERT_EQ(compat.errors(), 0U) << compat.all();
  EXPECT_EQ(compat.recipe.method, "passthrough");
  ASSERT_EQ(compat.recipe.models.size(), 1U);
  EXPECT_EQ(compat.recipe.models[0].model.model, "a");
  EXPECT_EQ(compat.recipe.out_dtype, DType::BF16);
  EXPECT_TRUE(compat.recipe.from_mod_repository);
}

TEST(ModForm, ExpertErrors) {
  const Read r = read(
      "base_model: a\nweights: [0.5, 0.5]\nexperts:\n  - a\n  - source_mode: b\n  - source_model: "
      "3\n");
  EXPECT_TRUE(has_error(r, 4, "experts[0]", "must be a map")) << r.all();
  EXPECT_TRUE(has_error(r, 5, "experts[1]", "'source_model' is missing"));
  EXPECT_TRUE(has_warning(r, 5, "experts[1].source_mode", "did you mean 'source_model'?"));
  EXPECT_TRUE(has_error(r, 6, "experts[2].source_model", "quote it"));
  EXPECT_TRUE(has_error(read(form("[1]", "a", 1)), 3, "experts", "two experts are needed"));
}

TEST(ModForm, OverridesReachFormAndTranslation) {
  RecipeOptions options;
  options.set = {{"weights", "[0.25, 0.75]"}, {"parameters.select", "rank"}};
  options.seed = 5;
  const Read r = read(kForm, options);
  ASSERT_EQ(r.errors() + r.warnings(), 0U) << r.all();
  EXPECT_EQ(value_of(r.recipe.models[1].parameters, "weight", {"x"}), 0.75);
  EXPECT_EQ(resolve_strings({.top = &r.recipe.parameters}, "select", "x")->at(0), "rank");
  EXPECT_EQ(r.recipe.seed, 5U);
}

TEST(ModForm, PathsAreNotSplit) {
  const Read r = read(
      "base_model: a+b@c\nexperts: [{source_model: a+b@c}, {source_model: d}]\nweights: [1, 0]\n");
  ASSERT_EQ(r.errors(), 0U) << r.all();
  EXPECT_EQ(r.recipe.models[0].model.model, "a+b@c");
  EXPECT_EQ(read(r.recipe.effective_text).recipe.models[0].model, r.recipe.models[0].model);
}

TEST(ModForm, UnknownKeysWarn) {
  const Read r = read(form("[0.5, 0.5]") + "dtype: bfloat16\nweight: 3\n");
  EXPECT_TRUE(has_warning(r, 6, "dtype", "unknown key 'dtype'")) << r.all();
  EXPECT_TRUE(has_warning(r, 7, "weight", "did you mean 'weights'?"));
}

}  // namespace
}  // namespace mod::merge
