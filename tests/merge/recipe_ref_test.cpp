// Model references: string form, mapping form, equality, labels.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "mod/error.h"
#include "recipe_support.h"

namespace mod::merge {
namespace {

TEST(ModelRef, ReadsTheStringForms) {
  ModelRef r = parse_model_ref("user/model", {});
  EXPECT_EQ(r.model, "user/model");
  EXPECT_TRUE(r.revision.empty() && r.lora.empty());
  r = parse_model_ref("user/model+user/lora", {});
  EXPECT_EQ(r.model, "user/model");
  EXPECT_EQ(r.lora, "user/lora");
  r = parse_model_ref("user/model@v0.0.1", {});
  EXPECT_EQ(r.model, "user/model");
  EXPECT_EQ(r.revision, "v0.0.1");
  r = parse_model_ref("user/model@v0.0.1+user/lora@main", {});
  EXPECT_EQ(r.revision, "v0.0.1");
  EXPECT_EQ(r.lora, "user/lora");
  EXPECT_EQ(r.lora_revision, "main");
}

TEST(ModelRef, TextReadsBack) {
  for (const char* text : {"user/model", "user/model@v0.0.1", "user/model+user/lora",
                           "user/model@v0.0.1+user/lora@main", "./a b/c"}) {
    EXPECT_EQ(parse_model_ref(text, {}).text(), text);
  }
}

TEST(ModelRef, RefusesBrokenForms) {
  for (const char* text :
       {"@@@@@", "a+b+c", "a+b+c@d+e@f@g", "", "@v1", "a@", "+lora", "a+", "a+b@", "a@b@c+d"}) {
    const Place place{"r.yml", 7, 3, "base_model"};
    try {
      parse_model_ref(text, place);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
      EXPECT_NE(std::string(error.what()).find("r.yml:7:3, base_model"), std::string::npos);
    }
  }
}

TEST(ModelRef, EqualityIsStructural) {
  EXPECT_EQ(parse_model_ref("a@b", {"x", 1, 1, ""}), parse_model_ref("a@b", {"y", 2, 2, ""}));
  EXPECT_FALSE(parse_model_ref("a", {}) == parse_model_ref("./a", {}));
  EXPECT_FALSE(parse_model_ref("a", {}) == parse_model_ref("a@main", {}));
}

TEST(ModelRef, MappingForm) {
  const Read r = read(R"(merge_method: linear
models:
  - model: {model: {path: "a+b@c", revision: v1}, override_architecture: LlamaForCausalLM}
    parameters: {weight: 1}
  - model: {model: d@e}
    parameters: {weight: 1}
)");
  ASSERT_EQ(r.errors() + r.warnings(), 0U) << r.all();
  EXPECT_EQ(r.recipe.models[0].model.model, "a+b@c");
  EXPECT_EQ(r.recipe.models[0].model.revision, "v1");
  EXPECT_EQ(r.recipe.models[0].model.override_architecture, "LlamaForCausalLM");
  EXPECT_EQ(r.recipe.models[1].model.model, "d");
  EXPECT_EQ(r.recipe.models[1].model.revision, "e");
}

TEST(ModelRef, MappingFormErrors) {
  const Read r = read(R"(merge_method: linear
parameters: {weight: 1}
models:
  - model: {lora: a}
  - model: {model: {revision: v1}}
  - model: {model: a@b@c}
  - model: {model: {path: 12}}
  - model: {model: a, revison: b}
)");
  EXPECT_TRUE(has_error(r, 4, "models[0].model", "'model' is missing")) << r.all();
  EXPECT_TRUE(has_error(r, 5, "models[1].model.model", "'path' is missing"));
  EXPECT_TRUE(has_error(r, 6, "models[2].model.model", "more than one '@'"));
  EXPECT_TRUE(has_error(r, 7, "models[3].model.model.path", "quote it"));
  EXPECT_TRUE(has_warning(r, 8, "models[4].model.revison", "unknown key 'revison'"));
  EXPECT_EQ(r.errors(), 4U);
}

TEST(ModelRef, HintsAtTheMappingFormForAnExistingPath) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "mod_ref_test";
  fs::create_directories(folder / "a+b");
  const char* text = "merge_method: passthrough\nmodels:\n  - model: a+b\n";
  Read r = read(text, {}, folder / "r.yml");
  EXPECT_TRUE(has_warning(r, 3, "models[0].model", "{model: {path: \"a+b\"}}")) << r.all();
  r = read(text, {}, folder / "elsewhere" / "r.yml");
  EXPECT_EQ(r.warnings(), 0U);
  EXPECT_EQ(r.errors(), 1U) << "a LoRA";
  fs::remove_all(folder);
}

TEST(ModelRef, ListsAllModelsInOrder) {
  const Read r = read(R"(merge_method: ties
base_model: base
slices:
  - sources:
      - {model: b, layer_range: [0, 2], parameters: {weight: 1}}
      - {model: base, layer_range: [0, 2]}
  - sources:
      - {model: a, layer_range: [2, 4], parameters: {weight: 1}}
      - {model: base, layer_range: [2, 4]}
      - {model: b, layer_range: [2, 4], parameters: {weight: 1}}
)");
  ASSERT_EQ(r.errors(), 0U) << r.all();
  std::string order;
  for (const ModelRef& ref : r.recipe.referenced_models()) order += ref.text() + " ";
  EXPECT_EQ(order, "b base a ");

  const Read unlisted =
      read("merge_method: linear\nbase_model: z\nparameters: {weight: 1}\nmodels: [{model: m}]\n");
  EXPECT_EQ(unlisted.recipe.referenced_models().back().text(), "z");
}

}  // namespace
}  // namespace mod::merge
