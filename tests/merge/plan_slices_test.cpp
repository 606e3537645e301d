#include "merge/plan_support.h"

namespace mod::merge {
namespace {

class Slices : public PlanTest {
 protected:
  std::string input_name(const std::string& tensor_name, std::size_t input = 0) {
    return tensor(tensor_name).inputs.at(input).tensor.name;
  }
  std::string input_model(const std::string& tensor_name, std::size_t input = 0) {
    const int index = tensor(tensor_name).inputs.at(input).model;
    return plan_.models[static_cast<std::size_t>(index)].label;
  }
};

TEST_F(Slices, AModelStackedTwice) {
  TinyLlama llama;
  llama.extra_config = "\"layer_types\": [\"x\", \"y\"]";
  model("a", llama);
  plan(
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(plan_.config.at("num_hidden_layers"), 4);
  EXPECT_EQ(plan_.config.at("layer_types").dump(), R"(["x","y","x","y"])");
  const std::size_t outside = 3, a_layer = 9;
  EXPECT_EQ(plan_.tensors.size(), outside + 4 * a_layer);
  EXPECT_EQ(input_name("model.layers.3.mlp.up_proj.weight"), "model.layers.1.mlp.up_proj.weight");
  EXPECT_EQ(input_name("model.layers.2.mlp.up_proj.weight"), "model.layers.0.mlp.up_proj.weight");
}

TEST_F(Slices, DifferentModelsAndLayers) {
  TinyLlama deep;
  deep.layers = 5;
  model("a");
  model("b", deep);
  plan(
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n"
      "  - sources: [{model: b, layer_range: [3, 5]}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(plan_.config.at("num_hidden_layers"), 4);
  EXPECT_EQ(input_name("model.layers.2.mlp.up_proj.weight"), "model.layers.3.mlp.up_proj.weight");
  EXPECT_EQ(input_model("model.layers.2.mlp.up_proj.weight"), "b");
  EXPECT_EQ(input_model("model.embed_tokens.weight"), "a") << "the first slice's";
  EXPECT_EQ(input_model("model.norm.weight"), "b") << "the last slice's";
  EXPECT_EQ(input_model("lm_head.weight"), "b");
  EXPECT_EQ(plan_.donor, 0);
}

TEST_F(Slices, DifferentSourceCounts) {
  for (const char* name : {"a", "b", "c"}) model(name);
  plan(
      "merge_method: linear\nparameters: {weight: 1}\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 1]}]\n"
      "  - sources:\n"
      "    - {model: a, layer_range: [1, 2]}\n"
      "    - {model: b, layer_range: [1, 2]}\n"
      "    - {model: c, layer_range: [1, 2]}\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.embed_tokens.weight").inputs.size(), 1u);
  EXPECT_EQ(tensor("model.layers.1.mlp.up_proj.weight").inputs.size(), 3u);
  EXPECT_EQ(tensor("model.norm.weight").inputs.size(), 3u) << "all sources of the last slice";
  EXPECT_EQ(plan_.config.at("num_hidden_layers"), 2);
}

TEST_F(Slices, FiltersSeeTheNameThatFits) {
  TinyLlama deep;
  deep.layers = 4;
  model("a", deep);
  model("b", deep);
  plan(
      "merge_method: linear\nslices:\n"
      "  - sources:\n"
      "    - model: a\n"
      "      layer_range: [2, 4]\n"
      "      parameters: {weight: [{filter: layers.2., value: 5}, {value: 1}]}\n"
      "    - {model: b, layer_range: [0, 2], parameters: {weight: 2}}\n"
      "parameters: {normalize: [{filter: layers.0., value: false}, {value: true}]}\n");
  ASSERT_TRUE(ok());
  // Output layer 0 is layer 2 of a: a weight goes by the model's own name, a switch by the
  // output's.
  const ParamSet& first = tensor("model.layers.0.mlp.up_proj.weight").spec.params;
  EXPECT_EQ(first.number("weight", 0), 5);
  EXPECT_EQ(first.number("normalize"), 0);
  EXPECT_EQ(tensor("model.layers.1.mlp.up_proj.weight").spec.params.number("weight", 0), 1);
  EXPECT_EQ(tensor("model.layers.1.mlp.up_proj.weight").spec.params.number("normalize"), 1);
}

TEST_F(Slices, GradientsRunThroughEachSlice) {
  TinyLlama deep;
  deep.layers = 4;
  model("a", deep);
  model("b", deep);
  plan(
      "merge_method: slerp\nbase_model: a\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 3]}, {model: b, layer_range: [0, 3]}]\n"
      "    parameters: {t: [0, 1]}\n"
      "  - sources: [{model: a, layer_range: [3, 4]}, {model: b, layer_range: [3, 4]}]\n"
      "    parameters: {t: [0.25, 0.75]}\n");
  ASSERT_TRUE(ok());
  auto t_of = [&](const std::string& name) { return tensor(name).spec.params.number("t"); };
  EXPECT_EQ(t_of("model.layers.0.mlp.up_proj.weight"), 0);
  EXPECT_EQ(t_of("model.layers.1.mlp.up_proj.weight"), 0.5);
  EXPECT_EQ(t_of("model.layers.2.mlp.up_proj.weight"), 1);
  EXPECT_EQ(t_of("model.layers.3.mlp.up_proj.weight"), 0.75)
      << "a slice of one layer: the last value";
  EXPECT_EQ(t_of("model.embed_tokens.weight"), 0);
  EXPECT_EQ(t_of("lm_head.weight"), 0.25) << "the last slice, first value";
}

TEST_F(Slices, ASliceMayHaveItsOwnBase) {
  for (const char* name : {"a", "b"}) model(name);
  plan(
      "merge_method: task_arithmetic\nbase_model: a\nparameters: {weight: 1}\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 1]}, {model: b, layer_range: [0, 1]}]\n"
      "  - sources: [{model: a, layer_range: [1, 2]}, {model: b, layer_range: [1, 2]}]\n"
      "    base_model: b\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.layers.0.mlp.up_proj.weight").spec.base, 0);
  EXPECT_EQ(tensor("model.layers.1.mlp.up_proj.weight").spec.base, 1);
}

TEST_F(Slices, RangesAreChecked) {
  model("a");
  plan(
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 3]}]\n"
      "  - sources: [{model: a, layer_range: [1, 4]}]\n");
  EXPECT_TRUE(has_error("[0, 3)"));
  EXPECT_TRUE(has_error("[1, 4)"));
  EXPECT_TRUE(has_error("has 2 layers"));
}

TEST_F(Slices, LengthsMustAgree) {
  model("a");
  model("b");
  plan(
      "merge_method: linear\nparameters: {weight: 1}\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 1]}]\n");
  EXPECT_TRUE(has_error("number of layers"));
}

TEST_F(Slices, TheSameModelTwiceInASliceTakesTheLaterLayers) {
  model("a");
  plan(
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 1]}, {model: a, layer_range: [1, 2]}]\n");
  if (errors() == 0) {
    EXPECT_TRUE(has_warning("twice"));
    EXPECT_EQ(input_name("model.layers.0.mlp.up_proj.weight"), "model.layers.1.mlp.up_proj.weight");
  }
}

TEST_F(Slices, UnknownTensorsInMovedLayersAreRefusedOrDropped) {
  auto tensors = TinyLlama{}.tensors();
  tensors.push_back({"model.layers.0.adapter.weight", DType::BF16, {2}});
  tensors.push_back({"model.adapter.weight", DType::BF16, {2}});
  model("a", TinyLlama{}.config(), tensors);
  const char* stack =
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n";
  plan(stack);
  EXPECT_EQ(errors(), 1u);
  EXPECT_TRUE(has_error("model.layers.0.adapter.weight"));
  options_.drop_unknown = true;
  plan(stack);
  ASSERT_TRUE(ok());
  EXPECT_EQ(find("model.layers.0.adapter.weight"), nullptr);
  EXPECT_TRUE(has_warning("model.layers.0.adapter.weight of a dropped"));
  EXPECT_NE(find("model.adapter.weight"), nullptr) << "outside the layers nothing moved";
}

TEST_F(Slices, ListsThatCannotBeCutAreNamed) {
  TinyLlama with, without;
  with.extra_config = "\"no_rope_layers\": [1, 0]";
  model("a", with);
  model("b", without);
  plan(
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n"
      "  - sources: [{model: b, layer_range: [0, 2]}]\n");
  EXPECT_EQ(errors(), 1u) << all();
  EXPECT_TRUE(has_error("no_rope_layers"));
}

TEST_F(Slices, WholeModelAsOneSliceIsNotRenumbered) {
  auto tensors = TinyLlama{}.tensors();
  tensors.push_back({"model.layers.0.adapter.weight", DType::BF16, {2}});
  model("a", TinyLlama{}.config(), tensors);
  plan("merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 2]}]}]\n");
  ASSERT_TRUE(ok());
  EXPECT_NE(find("model.layers.0.adapter.weight"), nullptr);
}

}  // namespace
}  // namespace mod::merge
