#include "merge/settings.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "recipe_support.h"

namespace mod::merge {
namespace {

Setting scalar(std::string name, double value) {
  return {std::move(name), {{std::nullopt, {value}, {}}}, {}};
}

TEST(Gradient, HitsTheGoldenTable) {
  const std::vector<double> anchors = {0, 0.2, 0.4, 0.9, 1};
  struct Row {
    int layers, index;
    double value;
  };
  const Row rows[] = {{32, 0, 0},
                      {32, 1, 0.0258064516},
                      {32, 8, 0.206451613},
                      {32, 15, 0.387096774},
                      {32, 16, 0.432258065},
                      {32, 23, 0.883870968},
                      {32, 24, 0.909677419},
                      {32, 31, 1},
                      {5, 2, 0.4},
                      {4, 1, 0.266666667},
                      {1, 0, 1}};
  for (const Row& row : rows) {
    EXPECT_NEAR(gradient_value(anchors, layer_position(row.index, row.layers)), row.value, 5e-10)
        << row.layers << " layers, index " << row.index;
  }
  EXPECT_DOUBLE_EQ(gradient_value({1, 0}, 0.25), 0.75);
  for (const double t : {0.0, 0.3, 1.0}) EXPECT_EQ(gradient_value({0.7}, t), 0.7);
}

TEST(Gradient, StaysInsideItsAnchorsForAnyPosition) {
  const std::vector<double> anchors = {2, 5, 3};
  EXPECT_EQ(gradient_value(anchors, -4), 2);
  EXPECT_EQ(gradient_value(anchors, 9), 3);
  EXPECT_EQ(gradient_value(anchors, std::numeric_limits<double>::infinity()), 3);
  EXPECT_EQ(gradient_value(anchors, std::nan("")), 2);
  EXPECT_EQ(gradient_value({}, 0.5), 0);
}

TEST(Gradient, OutsideTheLayersUsesTheFirstValue) {
  const Settings settings = {{"t", {{std::nullopt, {0.1, 0.9}, {}}}, {}}};
  EXPECT_EQ(value_of(settings, "t", {"lm_head.weight", 1.0, false}), 0.1);
  EXPECT_EQ(value_of(settings, "t", {"model.layers.3.mlp", 1.0, true}), 0.9);
}

TEST(Filter, IsAPlainSubstring) {
  const auto matches = [](std::optional<std::string> filter, std::string_view name) {
    const Settings settings = {{"w", {{std::move(filter), {1}, {}}}, {}}};
    return match(settings, "w", name) != nullptr;
  };
  EXPECT_TRUE(matches("mlp", "model.layers.0.mlp.up_proj.weight"));
  EXPECT_FALSE(matches("MLP", "model.layers.0.mlp.up_proj.weight"));
  EXPECT_FALSE(matches("m.*p", "model.layers.0.mlp.up_proj.weight"));
  EXPECT_FALSE(matches("mlp*", "model.layers.0.mlp.up_proj.weight"));
  EXPECT_TRUE(matches("layers.1", "model.layers.10.mlp.up_proj.weight"));
  for (const char* all : {"*", ""}) EXPECT_TRUE(matches(all, "anything"));
  EXPECT_TRUE(matches(std::nullopt, "anything"));
}

TEST(Filter, FirstMatchWinsAndNoMatchIsNoValue) {
  const Settings settings = {{"w", {{"mlp", {1}, {}}, {"up_proj", {2}, {}}}, {}}};
  EXPECT_EQ(value_of(settings, "w", {"a.mlp.up_proj"}), 1.0);
  EXPECT_EQ(value_of(settings, "w", {"a.up_proj"}), 2.0);
  EXPECT_EQ(value_of(settings, "w", {"a.q_proj"}), std::nullopt);
  EXPECT_EQ(value_of(settings, "v", {"a.mlp"}), std::nullopt);
}

TEST(Precedence, GoesFromSourceToTop) {
  Settings source = {scalar("w", 1)}, slice = {scalar("w", 2)}, module = {scalar("w", 3)},
           top = {scalar("w", 4)};
  const SettingContext any{"x"};
  EXPECT_EQ(resolve({&source, &slice, &module, &top}, "w", any), 1.0);
  EXPECT_EQ(resolve({nullptr, &slice, &module, &top}, "w", any), 2.0);
  source.clear();
  EXPECT_EQ(resolve({&source, nullptr, &module, &top}, "w", any), 3.0);
  EXPECT_EQ(resolve({nullptr, nullptr, nullptr, &top}, "w", any), 4.0);
  EXPECT_EQ(resolve({&source, nullptr, nullptr, nullptr}, "w", any), std::nullopt);
  slice = {{"w", {{"mlp", {7}, {}}}, {}}};
  EXPECT_EQ(resolve({nullptr, &slice, nullptr, &top}, "w", {"q_proj"}), 4.0) << "falls through";
  EXPECT_EQ(resolve({nullptr, &slice, nullptr, &top}, "w", {"mlp"}), 7.0);
}

// The worked example of docs/recipes.md, read from its text.
TEST(Precedence, WorkedExample) {
  const Read r = read(R"(merge_method: ties
base_model: B
models:
  - model: A
    parameters:
      weight: [{filter: mlp, value: [0, 1]}, {filter: q_proj, value: 0.3}]
  - model: C
parameters:
  weight: [{filter: "*", value: 0.5}]
  density: 0.4
)");
  ASSERT_EQ(r.errors() + r.warnings(), 0U) << r.all();
  struct Row {
    const char* tensor;
    int layer;
    double a, c;
  };
  const Row rows[] = {{"model.layers.1.mlp.up_proj.weight", 1, 0.333333333, 0.5},
                      {"model.layers.1.self_attn.q_proj.weight", 1, 0.3, 0.5},
                      {"model.layers.1.self_attn.k_proj.weight", 1, 0.5, 0.5},
                      {"lm_head.weight", -1, 0.5, 0.5}};
  for (const Row& row : rows) {
    const SettingContext at{row.tensor, layer_position(row.layer, 4), row.layer >= 0};
    const auto value = [&](int model, std::string_view name) {
      return resolve({.source = &r.recipe.models[static_cast<std::size_t>(model)].parameters,
                      .top = &r.recipe.parameters},
                     name, at)
          .value();
    };
    EXPECT_NEAR(value(0, "weight"), row.a, 5e-10) << row.tensor;
    EXPECT_NEAR(value(1, "weight"), row.c, 5e-10) << row.tensor;
    EXPECT_EQ(value(0, "density"), 0.4);
  }
}

TEST(Precedence, StringsFollowTheSameChain) {
  const Settings slice = {{"match", {{std::nullopt, {}, {"attn"}}}, {}}};
  const Settings top = {{"match", {{std::nullopt, {}, {"mlp", "norm"}}}, {}}};
  const auto* both = resolve_strings({.slice = &slice, .top = &top}, "match", "x");
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(*both, std::vector<std::string>{"attn"});
  EXPECT_EQ(resolve_strings({.top = &top}, "match", "x")->size(), 2U);
  EXPECT_EQ(resolve_strings({.top = &top}, "select", "x"), nullptr);
  EXPECT_EQ(value_of(top, "match", {"x"}), std::nullopt);
}

}  // namespace
}  // namespace mod::merge
