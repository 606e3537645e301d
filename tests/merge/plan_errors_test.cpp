// What mergekit reports in the middle of a run is found here before a weight is read.
#include <algorithm>
#include <filesystem>

#include "checkpoint/safetensors.h"
#include "io/file.h"
#include "merge/plan_support.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

class PlanErrors : public PlanTest {
 protected:
  void two_models() {
    model("a");
    model("b");
  }
  /// Parses and plans; the recipe must be refused with exit code 2.
  void refused(std::string_view yaml) {
    plan(yaml);
    try {
      problems_.throw_if_errors();
      ADD_FAILURE() << "accepted:\n" << yaml << all();
    } catch (const Error& e) {
      EXPECT_EQ(e.exit_code(), 2);
    }
  }
};

TEST_F(PlanErrors, ModelsThatAreNotThere) {
  model("a");
  refused(
      "merge_method: linear\nparameters: {weight: 1}\n"
      "models: [{model: a}, {model: nowhere}, {model: neither}]\n");
  EXPECT_TRUE(has_error("nowhere"));
  EXPECT_TRUE(has_error("neither")) << "all at once";
}

TEST_F(PlanErrors, FoldersWithoutWeights) {
  mod::testing::write_text(folder_ / "a/config.json", "{}");
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
}

TEST_F(PlanErrors, LoraReferences) {
  two_models();
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b+c}]\n");
  EXPECT_TRUE(has_error("not supported yet"));
}

TEST_F(PlanErrors, MissingRequiredParameterIsToldOnceAModel) {
  two_models();
  refused(
      "merge_method: linear\nmodels:\n"
      "  - {model: a, parameters: {weight: 1}}\n"
      "  - {model: b, parameters: {weight: [{filter: mlp, value: 1}]}}\n");
  EXPECT_EQ(errors(), 1u) << all();
  EXPECT_TRUE(has_error("weight of b"));
  EXPECT_TRUE(has_error("none of its filters matches"));
  EXPECT_TRUE(has_error("model.embed_tokens.weight"));
  EXPECT_TRUE(has_error("tensors)")) << "how many tensors";
}

TEST_F(PlanErrors, MissingGlobalParameter) {
  two_models();
  refused(
      "merge_method: slerp\nbase_model: a\nmodels: [{model: a}, {model: b}]\n"
      "parameters: {t: [{filter: mlp, value: 0.5}]}\n");
  EXPECT_EQ(errors(), 1u) << all();
  EXPECT_TRUE(has_error("parameter t"));
}

TEST_F(PlanErrors, SwitchesThatAreNotSwitches) {
  two_models();
  refused(
      "merge_method: linear\nparameters: {weight: 1, normalize: [0, 1]}\nmodels: [{model: a}, "
      "{model: b}]\n");
  EXPECT_TRUE(has_error("normalize"));
}

TEST_F(PlanErrors, WeightsThatSumToZero) {
  two_models();
  refused(
      "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}, {model: b, parameters: "
      "{weight: -1}}]\n");
  EXPECT_EQ(errors(), 1u) << all();
  EXPECT_TRUE(has_error("sum to 0"));
}

TEST_F(PlanErrors, WrongNumbersOfModels) {
  two_models();
  model("c");
  const char* three =
      "models: [{model: a}, {model: b}, {model: c}]\nparameters: {weight: 1, t: 0.5}\n";
  refused(std::string("merge_method: slerp\nbase_model: a\n") + three);
  refused(std::string("merge_method: nuslerp\n") + three);
  refused(std::string("merge_method: passthrough\n") + three);
  refused("merge_method: model_stock\nbase_model: a\nmodels: [{model: a}, {model: b}]\n");
  refused("merge_method: passthrough\nbase_model: b\nmodels: [{model: a}]\n");
  // After two entries became one there are too few: only the plan can see it.
  refused("merge_method: nuslerp\nparameters: {weight: 1}\nmodels: [{model: a}, {model: a}]\n");
}

TEST_F(PlanErrors, NoBase) {
  two_models();
  refused("merge_method: ties\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n");
}

TEST_F(PlanErrors, BaseNotAmongTheSourcesOfASlice) {
  two_models();
  refused(
      "merge_method: slerp\nbase_model: b\nparameters: {t: 0.5}\n"
      "slices: [{sources: [{model: a, layer_range: [0, 2]}]}]\n");
  EXPECT_TRUE(has_error("layer_range: [0, 2]")) << "the entry to add";
}

TEST_F(PlanErrors, DifferentArchitectures) {
  TinyLlama other;
  other.type = "qwen2";
  other.arch = "Qwen2ForCausalLM";
  model("a");
  model("b", other);
  const char* recipe =
      "merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n";
  refused(recipe);
  EXPECT_TRUE(has_error("qwen2"));
  options_.allow_crimes = true;
  plan(recipe);
  EXPECT_TRUE(ok());
  EXPECT_EQ(plan_.architecture, "llama");
  EXPECT_TRUE(has_warning("different architectures"));
}

TEST_F(PlanErrors, SeveralArchitectureEntries) {
  TinyLlama llama;
  llama.arch = "LlamaForCausalLM\", \"LlamaModel";
  model("a", llama);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  EXPECT_TRUE(has_error("names 2 architectures"));
}

TEST_F(PlanErrors, NoArchitectureEntryFallsBackToTheModelType) {
  std::string config = TinyLlama{}.config();
  config.replace(config.find("[\"LlamaForCausalLM\"]"), 20, "null");
  model("a", config, TinyLlama{}.tensors());
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  EXPECT_TRUE(ok());
  EXPECT_EQ(plan_.architecture, "llama");
}

TEST_F(PlanErrors, RequiredTensorsThatAreAbsent) {
  model("a");
  auto tensors = TinyLlama{}.tensors();
  std::erase_if(tensors,
                [](const TinyTensor& t) { return t.name.find("k_proj") != std::string::npos; });
  model("b", TinyLlama{}.config(), tensors);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_EQ(errors(), 1u) << all();
  EXPECT_TRUE(has_error("layers.0.self_attn.k_proj.weight"));
  EXPECT_TRUE(has_error("missing in b"));
}

TEST_F(PlanErrors, LayersThatTheConfigPromises) {
  TinyLlama llama;
  std::string config = llama.config();
  config.replace(config.find("\"num_hidden_layers\": 2"), 22, "\"num_hidden_layers\": 3");
  model("a", config, llama.tensors());
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  EXPECT_TRUE(has_error("layers.2."));
}

TEST_F(PlanErrors, DifferentSizes) {
  TinyLlama wide;
  wide.hidden = 6;
  model("a");
  model("b", wide);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_TRUE(has_error("hidden_size differs"));
  EXPECT_TRUE(has_error("different shapes"));
}

TEST_F(PlanErrors, DifferentLayerCounts) {
  TinyLlama deep;
  deep.layers = 3;
  model("a");
  model("b", deep);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_TRUE(has_error("unequal numbers of layers"));
}

TEST_F(PlanErrors, DtypesThatCannotHoldWeights) {
  two_models();
  refused(
      "merge_method: linear\ndtype: int64\nparameters: {weight: 1}\nmodels: [{model: a}, {model: "
      "b}]\n");
  EXPECT_TRUE(has_error("int64"));
}

TEST_F(PlanErrors, DellaProbabilitiesOutOfRange) {
  two_models();
  refused(
      "merge_method: della\nbase_model: a\nmodels: [{model: b, parameters: {weight: 1, density: "
      "0.5, epsilon: 1.35}}]\n");
  EXPECT_TRUE(has_error("epsilon"));
}

TEST_F(PlanErrors, Fp8WithScales) {
  TinyLlama llama;
  llama.dtype = DType::F8_E4M3;
  auto tensors = llama.tensors();
  tensors.push_back({"model.layers.0.mlp.up_proj.weight_scale_inv", DType::F32, {1}});
  model("a", llama.config(), tensors);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  EXPECT_TRUE(has_error("FP8 weights with scale tensors are not supported yet"));
  EXPECT_TRUE(has_error("model.layers.0.mlp.up_proj.weight"));
  EXPECT_TRUE(has_error("a holds"));
}

TEST_F(PlanErrors, QuantisedModels) {
  TinyLlama llama;
  llama.extra_config = "\"quantization_config\": {\"quant_method\": \"gptq\"}";
  model("a", llama);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  EXPECT_TRUE(has_error("gptq"));
}

TEST_F(PlanErrors, IntegersBesideWeights) {
  auto tensors = TinyLlama{}.tensors();
  model("a");
  tensors[1].dtype = DType::I8;
  model("b", TinyLlama{}.config(), tensors);
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_TRUE(has_error("integers"));
}

TEST_F(PlanErrors, NotEnoughMemory) {
  two_models();
  options_.memory = 1000;
  refused("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_TRUE(has_error("--memory"));
}

TEST_F(PlanErrors, NotEnoughDiskSpace) {
  constexpr std::int64_t kElements = std::int64_t{1} << 41;  // 4 TiB of holes in bf16
  std::vector<checkpoint::HeaderTensor> huge = {{"w", DType::BF16, {kElements}, 0, 0}};
  const std::string header = checkpoint::emit_safetensors_header(huge, {});
  const auto file = folder_ / "a/model.safetensors";
  mod::testing::write_text(file, header);
  std::error_code refused_size;
  std::filesystem::resize_file(file, header.size() + 2 * kElements, refused_size);
  options_.output = folder_ / "out";
  if (refused_size || io::free_space(options_.output) > 2 * kElements) {
    GTEST_SKIP() << "this file system cannot hold the test";
  }
  refused("merge_method: passthrough\nmodels: [{model: a}]\n");
  EXPECT_TRUE(has_error("not enough disk space: 4.00 TiB"));
  EXPECT_FALSE(std::filesystem::exists(options_.output));
}

TEST_F(PlanErrors, SeveralKindsAtOnce) {
  TinyLlama other;
  other.vocab = 9;
  other.extra_config = "\"rope_theta\": 5.0, \"hidden_act\": \"gelu\"";
  TinyLlama first;
  first.extra_config = "\"hidden_act\": \"silu\"";
  model("a", first);
  auto tensors = other.tensors();
  tensors.erase(tensors.begin() + 2);
  model("b", other.config(), tensors);
  refused(
      "merge_method: nuslerp\nmodels:\n  - {model: a, parameters: {weight: 1}}\n"
      "  - {model: b, parameters: {weight: [{filter: mlp, value: 1}]}}\n");
  EXPECT_TRUE(has_error("hidden_act"));
  EXPECT_TRUE(has_error("missing in b"));
  EXPECT_TRUE(has_error("weight of b"));
  EXPECT_TRUE(has_warning("rotary"));
  EXPECT_TRUE(has_warning("cropped"));
}

TEST_F(PlanErrors, NothingIsTouched) {
  model("a");
  options_.output = folder_ / "out";
  refused("merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

}  // namespace
}  // namespace mod::merge
