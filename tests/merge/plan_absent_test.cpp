// Tensors that some inputs lack, tied heads, unequal shapes, unknown tensors.
#include <algorithm>

#include "merge/plan_support.h"

namespace mod::merge {
namespace {

class Absent : public PlanTest {
 protected:
  TinyLlama with_bias() {
    TinyLlama llama;
    llama.qkv_bias = true;
    return llama;
  }
  const char* kBias = "model.layers.0.self_attn.q_proj.bias";
};

TEST_F(Absent, OptionalTensorsThatNobodyHasAreNotWritten) {
  model("a");
  model("b");
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_EQ(find(kBias), nullptr);
}

TEST_F(Absent, LinearUsesTheInputsThatHaveIt) {
  model("a", with_bias());
  model("b");
  model("c", with_bias());
  plan(
      "merge_method: linear\nmodels:\n"
      "  - {model: a, parameters: {weight: 1}}\n"
      "  - {model: b, parameters: {weight: 2}}\n"
      "  - {model: c, parameters: {weight: 3}}\n");
  ASSERT_TRUE(ok());
  const PlannedTensor& t = tensor(kBias);
  ASSERT_EQ(t.inputs.size(), 2u);
  EXPECT_EQ(t.spec.params.number("weight", 1), 3) << "weights stay with their models";
}

TEST_F(Absent, ALoneTensorIsCopied) {
  model("a", with_bias());
  model("b");
  plan(
      "merge_method: slerp\nbase_model: a\nparameters: {t: 0.5}\nmodels: [{model: a}, {model: "
      "b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor(kBias).method, nullptr);
  plan(
      "merge_method: slerp\nbase_model: b\nparameters: {t: 0.5}\nmodels: [{model: a}, {model: "
      "b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor(kBias).method, nullptr) << "also where the base lacks it";
  plan("merge_method: nuslerp\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor(kBias).method, nullptr);
}

TEST_F(Absent, OnlyTheBasesIsKept) {
  model("a");
  model("b");
  model("base", with_bias());
  for (const char* method : {"ties", "task_arithmetic", "model_stock"}) {
    plan(std::string("merge_method: ") + method +
         "\nbase_model: base\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
    ASSERT_TRUE(ok());
    const PlannedTensor& t = tensor(kBias);
    EXPECT_EQ(t.method, nullptr) << method;
    EXPECT_EQ(plan_.models[static_cast<std::size_t>(t.inputs.at(0).model)].label, "base");
  }
}

TEST_F(Absent, DifferencesNeedTheBases) {
  model("a", with_bias());
  model("base");
  plan("merge_method: ties\nbase_model: base\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  EXPECT_EQ(errors(), 1u) << all();
  EXPECT_TRUE(has_error("missing in the base base"));
}

TEST_F(Absent, NuslerpWithABaseNeedsBoth) {
  model("a", with_bias());
  model("b");
  model("base", with_bias());
  plan(
      "merge_method: nuslerp\nbase_model: base\nparameters: {weight: 1}\nmodels: [{model: a}, "
      "{model: b}]\n");
  EXPECT_TRUE(has_error(kBias));
}

TEST_F(Absent, ModelStockDropsWhatTooFewHave) {
  model("a", with_bias());
  model("b");
  model("base", with_bias());
  plan("merge_method: model_stock\nbase_model: base\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(find(kBias), nullptr);
  EXPECT_TRUE(has_warning("left out"));
}

TEST_F(Absent, ModStartsFromTheFirstExpert) {
  model("a");
  model("b", with_bias());
  const char* recipe = "merge_method: mod\nparameters: {weight: 0.5, match: [mlp, bias]}\n";
  plan(std::string(recipe) + "models: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(find(kBias), nullptr);
  EXPECT_TRUE(has_warning("left out"));
  plan(std::string(recipe) + "models: [{model: b}, {model: a}]\n");
  EXPECT_TRUE(has_error("missing in some of the models"));
}

class Heads : public PlanTest {
 protected:
  void write(const std::string& name, bool tied) {
    TinyLlama llama;
    llama.tied = tied;
    model(name, llama);
  }
};

TEST_F(Heads, TiedDonorWritesNone) {
  write("a", true);
  write("b", false);
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(find("lm_head.weight"), nullptr);
  EXPECT_TRUE(has_warning("b has a lm_head.weight of its own"));
  EXPECT_TRUE(has_warning("tie_word_embeddings"));
}

TEST_F(Heads, UntiedDonorWritesOneAndEmbeddingsStandIn) {
  write("a", false);
  write("b", true);
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  const PlannedTensor& head = tensor("lm_head.weight");
  ASSERT_EQ(head.inputs.size(), 2u);
  EXPECT_EQ(head.inputs[0].tensor.name, "lm_head.weight");
  EXPECT_EQ(head.inputs[1].tensor.name, "model.embed_tokens.weight");
  EXPECT_TRUE(has(Severity::kNote, "its embedding stands in"));
}

TEST_F(Heads, AllTiedWritesNoneQuietly) {
  write("a", true);
  write("b", true);
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(find("lm_head.weight"), nullptr);
  EXPECT_TRUE(problems_.all().empty()) << all();
}

TEST_F(Heads, ASilentConfigIsTiedOnlyWithoutAHead) {
  TinyLlama llama;
  std::string config = llama.config();
  const std::string tie = "\"tie_word_embeddings\": false,";
  config.erase(config.find(tie), tie.size());
  model("a", config, llama.tensors());
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  ASSERT_TRUE(ok());
  EXPECT_NE(find("lm_head.weight"), nullptr);
}

class Shapes : public PlanTest {
 protected:
  void vocabularies(std::int64_t a, std::int64_t b) {
    TinyLlama llama;
    llama.vocab = a;
    model("a", llama);
    llama.vocab = b;
    model("b", llama);
  }
  void run(const std::string& method, const std::string& base = "") {
    plan("merge_method: " + method + "\n" + base +
         "parameters: {weight: 1, t: 0.5}\nmodels: [{model: a}, {model: b}]\n");
  }
};

TEST_F(Shapes, EmbeddingsAreCroppedToTheSmallest) {
  vocabularies(8, 10);
  for (const char* method : {"linear", "nuslerp"}) {
    run(method);
    ASSERT_TRUE(ok()) << method;
    EXPECT_EQ(tensor("lm_head.weight").spec.shape, (std::vector<std::int64_t>{8, 4}));
    EXPECT_EQ(tensor("lm_head.weight").spec.elements, 32u);
    EXPECT_EQ(tensor("lm_head.weight").inputs[1].tensor.shape[0], 10);
    EXPECT_TRUE(has_warning("cropped"));
  }
  vocabularies(10, 8);
  run("slerp", "base_model: a\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(plan_.config.at("vocab_size"), 8) << "the config agrees with the written rows";
}

TEST_F(Shapes, TaskVectorsAreCroppedToTheBase) {
  vocabularies(8, 10);
  run("ties", "base_model: a\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("lm_head.weight").spec.shape[0], 8);
  EXPECT_EQ(tensor("lm_head.weight").inputs.size(), 2u);
  EXPECT_EQ(plan_.config.at("vocab_size"), 8);
  run("ties", "base_model: b\n");
  EXPECT_TRUE(has_error("smaller than the base"));
}

TEST_F(Shapes, TaskVectorsElsewhereAreSkipped) {
  model("a");
  model("c");
  auto tensors = TinyLlama{}.tensors();
  for (TinyTensor& t : tensors) {
    if (t.name == "model.layers.1.mlp.up_proj.weight") t.shape = {7, 4};
  }
  model("b", TinyLlama{}.config(), tensors);
  plan(
      "merge_method: ties\nbase_model: a\nparameters: {density: 0.5}\nmodels:\n"
      "  - {model: a}\n"
      "  - {model: b, parameters: {weight: 0.25}}\n"
      "  - {model: c, parameters: {weight: 0.75}}\n");
  ASSERT_TRUE(ok());
  EXPECT_TRUE(has_warning("b is left out"));
  const PlannedTensor& t = tensor("model.layers.1.mlp.up_proj.weight");
  ASSERT_EQ(t.inputs.size(), 2u);
  EXPECT_EQ(t.spec.inputs, 2);
  EXPECT_EQ(t.spec.base, 0);
  EXPECT_EQ(t.spec.params.number("weight", 1), 0.75)
      << "parameters follow the models that are left";
  EXPECT_EQ(tensor("model.layers.0.mlp.up_proj.weight").inputs.size(), 3u);
}

TEST_F(Shapes, OthersFailAndSayWhatHelps) {
  TinyLlama wide;
  wide.ffn = 8;
  model("a");
  model("b", wide);
  run("linear");
  EXPECT_TRUE(has_error("different shapes"));
  EXPECT_TRUE(has_error("intermediate_size"));
}

class Unknown : public PlanTest {};

TEST_F(Unknown, AreKeptFromTheDonorWithAWarning) {
  auto tensors = TinyLlama{}.tensors();
  tensors.insert(tensors.begin(), {"a_first.weight", DType::F32, {3}});
  tensors.push_back({"model.layers.0.adapter.weight", DType::F16, {2}});
  model("a", TinyLlama{}.config(), tensors);
  model("b");
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(count(Severity::kWarning, "unknown to the architecture"), 1);
  EXPECT_TRUE(has_warning("a_first.weight"));
  EXPECT_TRUE(has_warning("model.layers.0.adapter.weight"));
  EXPECT_EQ(tensor("a_first.weight").method, nullptr);
  EXPECT_EQ(tensor("a_first.weight").dtype, DType::F32);
  EXPECT_EQ(tensor("model.layers.0.adapter.weight").dtype, DType::F16);
}

TEST_F(Unknown, OfOtherModelsAreTold) {
  auto tensors = TinyLlama{}.tensors();
  tensors.push_back({"value_head.weight", DType::F32, {3}});
  model("a");
  model("b", TinyLlama{}.config(), tensors);
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_TRUE(has_warning("value_head.weight of b"));
  EXPECT_EQ(find("value_head.weight"), nullptr);
}

TEST_F(Unknown, BuffersThatReadersComputeAreNotWritten) {
  auto tensors = TinyLlama{}.tensors();
  tensors.push_back({"model.layers.1.self_attn.rotary_emb.inv_freq", DType::F32, {2}});
  model("a", TinyLlama{}.config(), tensors);
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(find("model.layers.1.self_attn.rotary_emb.inv_freq"), nullptr);
  EXPECT_TRUE(has(Severity::kNote, "rotary_emb.inv_freq"));
}

TEST_F(Unknown, ArchitecturesAreMadeFromNames) {
  const std::string config =
      R"({"architectures": ["OddForCausalLM"], "model_type": "odd", "n_layer": 2, "vocab_size": 4})";
  std::vector<TinyTensor> tensors = {{"wte.weight", DType::F32, {4, 2}},
                                     {"h.0.w", DType::F32, {2, 2}},
                                     {"h.1.w", DType::F32, {2, 2}},
                                     {"ln_f.weight", DType::F32, {2}}};
  model("a", config, tensors);
  model("b", config, tensors);
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(plan_.tensors.size(), 4u);
  EXPECT_NE(plan_.architecture.find("inferred"), std::string::npos);
  EXPECT_TRUE(has(Severity::kNote, "made from the names"));
  plan(
      "merge_method: passthrough\nslices:\n"
      "  - sources: [{model: a, layer_range: [0, 2]}]\n"
      "  - sources: [{model: b, layer_range: [1, 2]}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(plan_.config.at("n_layer"), 3) << "the layer key is known";
  EXPECT_EQ(tensor("h.2.w").inputs[0].tensor.name, "h.1.w");
}

}  // namespace
}  // namespace mod::merge
