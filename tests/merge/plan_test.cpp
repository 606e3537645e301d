#include "merge/plan.h"

#include "checkpoint/safetensors.h"
#include "merge/plan_support.h"

namespace mod::merge {
namespace {

class WholeModels : public PlanTest {};

TEST_F(WholeModels, LinearOfTwo) {
  model("a");
  model("b");
  plan(
      "merge_method: linear\n"
      "models:\n"
      "  - {model: a, parameters: {weight: 0.25}}\n"
      "  - {model: b, parameters: {weight: 0.75}}\n");
  ASSERT_TRUE(ok());
  EXPECT_TRUE(problems_.all().empty()) << all();
  EXPECT_EQ(plan_.architecture, "llama");
  EXPECT_EQ(plan_.tensors.size(), TinyLlama{}.tensors().size());
  EXPECT_EQ(plan_.models.size(), 2u);
  EXPECT_EQ(plan_.donor, 0);
  const PlannedTensor& q = tensor("model.layers.1.self_attn.q_proj.weight");
  EXPECT_EQ(q.method, find_method("linear"));
  EXPECT_EQ(q.dtype, DType::BF16);
  EXPECT_EQ(q.bytes, 32u);
  EXPECT_EQ(q.spec.shape, (std::vector<std::int64_t>{4, 4}));
  EXPECT_EQ(q.spec.elements, 16u);
  EXPECT_EQ(q.spec.base, -1);
  ASSERT_EQ(q.inputs.size(), 2u);
  EXPECT_EQ(q.inputs[1].model, 1);
  EXPECT_EQ(q.spec.params.number("weight", 0), 0.25);
  EXPECT_EQ(q.spec.params.number("weight", 1), 0.75);
  EXPECT_EQ(q.spec.params.number("normalize"), 1);
}

TEST_F(WholeModels, HeadersSayWhatThePlanSays) {
  model("a");
  model("b");
  options_.shard_bytes = 150;
  plan("merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n");
  ASSERT_TRUE(ok());
  ASSERT_GT(plan_.shards.size(), 1u);
  std::uint64_t written = 0;
  std::size_t seen = 0;
  for (std::size_t s = 0; s < plan_.shards.size(); ++s) {
    const auto& layout = plan_.shards[s];
    const auto header =
        checkpoint::parse_safetensors_header(layout.header, layout.size, layout.file_name);
    for (const auto& entry : header.tensors) {
      const PlannedTensor& t = tensor(entry.name);
      EXPECT_EQ(t.shard, static_cast<int>(s));
      EXPECT_EQ(t.offset, header.data_offset + entry.begin);
      EXPECT_EQ(t.bytes, entry.end - entry.begin);
      EXPECT_EQ(t.dtype, entry.dtype);
      EXPECT_EQ(t.spec.shape, entry.shape);
      ++seen;
    }
    written += layout.size;
  }
  EXPECT_EQ(seen, plan_.tensors.size());
  EXPECT_EQ(plan_.bytes_written, written);
  for (std::size_t i = 1; i < plan_.tensors.size(); ++i) {
    const auto &x = plan_.tensors[i - 1], &y = plan_.tensors[i];
    EXPECT_TRUE(x.shard < y.shard || (x.shard == y.shard && x.offset + x.bytes == y.offset));
  }
}

TEST_F(WholeModels, TotalsCountPassesAndInputs) {
  model("a");
  model("b");
  plan("merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n");
  const std::uint64_t stored = plan_.models[0].folder.weights->total_bytes();
  EXPECT_EQ(plan_.bytes_read, 2 * stored);
  EXPECT_GT(plan_.peak_memory, 0u);
  plan(
      "merge_method: slerp\nbase_model: a\nmodels: [{model: a}, {model: b}]\nparameters: {t: "
      "0.5}\n");
  EXPECT_EQ(plan_.bytes_read,
            static_cast<std::uint64_t>(find_method("slerp")->passes) * 2 * stored);
}

TEST_F(WholeModels, TheBaseIsAppendedLastAndDonates) {
  model("a");
  model("b");
  TinyLlama base;
  base.extra_config = "\"marker\": 1";
  model("base", base);
  plan(
      "merge_method: task_arithmetic\nbase_model: base\n"
      "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 0.5}}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(plan_.models[static_cast<std::size_t>(plan_.donor)].label, "base");
  EXPECT_EQ(plan_.config.at("marker"), 1);
  const PlannedTensor& t = tensor("model.norm.weight");
  ASSERT_EQ(t.inputs.size(), 3u);
  EXPECT_EQ(t.spec.base, 2);
  EXPECT_EQ(plan_.models[static_cast<std::size_t>(t.inputs[2].model)].label, "base");
  EXPECT_FALSE(t.spec.params.find("weight", 2)) << "the base needs no weight";
  EXPECT_EQ(t.spec.stream(1), 1);
}

TEST_F(WholeModels, TheBaseMayStandAnywhere) {
  model("a");
  model("base");
  plan(
      "merge_method: slerp\nbase_model: base\nparameters: {t: 0.5}\nmodels: [{model: base}, "
      "{model: a}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.norm.weight").spec.base, 0);
  EXPECT_EQ(tensor("model.norm.weight").inputs.size(), 2u);
}

TEST_F(WholeModels, LinearTakesAnUnlistedBaseOnlyWithAWeightForIt) {
  model("a");
  model("base");
  plan("merge_method: linear\nbase_model: base\nmodels: [{model: a, parameters: {weight: 1}}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.norm.weight").inputs.size(), 1u);
  EXPECT_EQ(plan_.models[static_cast<std::size_t>(plan_.donor)].label, "base");
  plan("merge_method: linear\nbase_model: base\nparameters: {weight: 0.5}\nmodels: [{model: a}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.norm.weight").inputs.size(), 2u);
  EXPECT_EQ(tensor("model.norm.weight").spec.params.number("weight", 1), 0.5);
}

TEST_F(WholeModels, ParametersFollowThePrecedence) {
  TinyLlama four;
  four.layers = 4;
  for (const char* name : {"A", "B", "C"}) model(name, four);
  plan(
      "merge_method: ties\nbase_model: B\n"
      "models:\n"
      "  - model: A\n"
      "    parameters:\n"
      "      weight: [{filter: mlp, value: [0, 1]}, {filter: q_proj, value: 0.3}]\n"
      "  - model: C\n"
      "parameters:\n"
      "  weight: [{filter: '*', value: 0.5}]\n"
      "  density: 0.4\n");
  ASSERT_TRUE(ok());
  const struct {
    const char* name;
    double a, c;
  } rows[] = {{"model.layers.1.mlp.up_proj.weight", 1.0 / 3, 0.5},
              {"model.layers.1.self_attn.q_proj.weight", 0.3, 0.5},
              {"model.layers.1.self_attn.k_proj.weight", 0.5, 0.5},
              {"lm_head.weight", 0.5, 0.5}};
  for (const auto& row : rows) {
    const ParamSet& params = tensor(row.name).spec.params;
    EXPECT_NEAR(params.number("weight", 0), row.a, 1e-12) << row.name;
    EXPECT_EQ(params.number("weight", 1), row.c) << row.name;
    EXPECT_EQ(params.number("density", 0), 0.4) << row.name;
  }
}

TEST_F(WholeModels, GradientsGiveTheFirstValueOutsideTheLayers) {
  model("a");
  model("b");
  plan(
      "merge_method: slerp\nbase_model: a\nmodels: [{model: a}, {model: b}]\nparameters: {t: "
      "[0.25, 0.75]}\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.embed_tokens.weight").spec.params.number("t"), 0.25);
  EXPECT_EQ(tensor("lm_head.weight").spec.params.number("t"), 0.25);
  EXPECT_EQ(tensor("model.layers.0.input_layernorm.weight").spec.params.number("t"), 0.25);
  EXPECT_EQ(tensor("model.layers.1.input_layernorm.weight").spec.params.number("t"), 0.75);
}

TEST_F(WholeModels, TheSameModelTwiceIsOneInput) {
  model("a");
  model("b");
  plan(
      "merge_method: linear\nmodels:\n"
      "  - {model: a, parameters: {weight: 0.25}}\n"
      "  - {model: b, parameters: {weight: 0.5}}\n"
      "  - {model: a, parameters: {weight: 0.75}}\n");
  ASSERT_TRUE(ok());
  EXPECT_TRUE(has_warning("twice"));
  const PlannedTensor& t = tensor("model.norm.weight");
  ASSERT_EQ(t.inputs.size(), 2u);
  EXPECT_EQ(t.spec.params.number("weight", 0), 0.25) << "the first entry's parameters";
}

TEST_F(WholeModels, OneFolderUnderTwoNamesWarns) {
  model("a");
  plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: ./a}]\n");
  ASSERT_TRUE(ok());
  EXPECT_TRUE(has_warning("spelled differently"));
  EXPECT_EQ(tensor("model.norm.weight").inputs.size(), 2u);
}

TEST_F(WholeModels, TensorsFollowTheDonorsFiles) {
  auto tensors = TinyLlama{}.tensors();
  mod::testing::write_safetensors(folder_ / "a/model-00001-of-00002.safetensors",
                                  {tensors.end() - 2, tensors.end()});
  mod::testing::write_safetensors(folder_ / "a/model-00002-of-00002.safetensors",
                                  {tensors.begin(), tensors.end() - 2});
  mod::testing::write_text(folder_ / "a/config.json", TinyLlama{}.config());
  options_.shard_bytes = 100;
  plan("merge_method: passthrough\nmodels: [{model: a}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("lm_head.weight").shard, 0) << "first in the donor's first file";
  EXPECT_EQ(tensor("model.norm.weight").shard, 0);
  EXPECT_GT(tensor("model.embed_tokens.weight").shard, 0);
}

TEST_F(WholeModels, PassthroughCopiesUnlessItScales) {
  model("a");
  plan("merge_method: passthrough\nmodels: [{model: a}]\n");
  EXPECT_EQ(tensor("model.norm.weight").method, nullptr);
  plan(
      "merge_method: passthrough\nmodels:\n"
      "  - model: a\n    parameters: {scale: [{filter: o_proj, value: 0}, {value: 1}]}\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.norm.weight").method, nullptr);
  EXPECT_NE(tensor("model.layers.0.self_attn.o_proj.weight").method, nullptr);
}

TEST_F(WholeModels, FingerprintsFollowRecipeInputsAndLayout) {
  model("a");
  model("b");
  const char* recipe =
      "merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n";
  const std::string first = plan(recipe).fingerprint();
  EXPECT_EQ(plan(recipe).fingerprint(), first);
  options_.shard_bytes = 100;
  EXPECT_NE(plan(recipe).fingerprint(), first);
  options_.shard_bytes = 0;
  EXPECT_NE(
      plan("merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 2}\n")
          .fingerprint(),
      first);
  TinyLlama other;
  other.vocab = 9;
  model("b", other);
  EXPECT_NE(plan(recipe).fingerprint(), first);
}

TEST_F(WholeModels, RealCheckpointsAreReadToo) {
  const std::string tiny = std::string(MOD_SOURCE_DIR) + "/tests/data/tiny/";
  for (const char* name :
       {"llama", "llama-rope3", "mistral-nemo", "qwen2", "qwen3", "mixtral", "qwen2-moe",
        "qwen3-moe", "phi3", "gemma2", "gemma3", "olmo2", "granite"}) {
    plan(std::string("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: ") + tiny +
         name + "}]\n");
    EXPECT_TRUE(ok()) << name;
    EXPECT_EQ(problems_.count(Severity::kWarning), 0u) << name << all();
    EXPECT_EQ(plan_.tensors.size(), plan_.models[0].folder.weights->tensors().size()) << name;
    EXPECT_EQ(plan_.config, plan_.models[0].folder.config) << name;
  }
}

class Dtypes : public PlanTest {
 protected:
  void two(DType a, DType b) {
    TinyLlama llama;
    llama.dtype = a;
    model("a", llama);
    llama.dtype = b;
    model("b", llama);
  }
  DType of(const std::string& head, const std::string& method = "linear") {
    plan("merge_method: " + method + "\nmodels: [{model: a}, {model: b}]\n" + head);
    EXPECT_TRUE(ok());
    return tensor("model.norm.weight").dtype;
  }
};

TEST_F(Dtypes, TheWidestInputDecides) {
  two(DType::BF16, DType::F32);
  EXPECT_EQ(of("parameters: {weight: 1}\n"), DType::F32);
  EXPECT_EQ(plan_.config.at("torch_dtype"), "float32");
  EXPECT_TRUE(has(Severity::kNote, "different dtypes"));
  two(DType::BF16, DType::F16);
  EXPECT_EQ(of("parameters: {weight: 1}\n"), DType::F32) << "neither holds the other";
  two(DType::F16, DType::F16);
  EXPECT_EQ(of("parameters: {weight: 1}\n"), DType::F16);
}

TEST_F(Dtypes, TheBaseDecidesWhereThereIsOne) {
  two(DType::BF16, DType::F32);
  EXPECT_EQ(of("base_model: a\nparameters: {weight: 1}\n", "task_arithmetic"), DType::BF16);
  EXPECT_EQ(of("base_model: b\nparameters: {weight: 1}\n", "task_arithmetic"), DType::F32);
}

TEST_F(Dtypes, TheRecipeDecidesFirst) {
  two(DType::BF16, DType::F32);
  EXPECT_EQ(of("dtype: float16\nparameters: {weight: 1}\n"), DType::F16);
  EXPECT_EQ(of("dtype: float16\nout_dtype: bfloat16\nparameters: {weight: 1}\n"), DType::BF16);
  EXPECT_EQ(plan_.config.at("torch_dtype"), "bfloat16");
}

TEST_F(Dtypes, Float64IsRoundedForArithmeticAndKeptInCopies) {
  two(DType::F64, DType::F64);
  EXPECT_EQ(of("parameters: {weight: 1}\n"), DType::F64);
  EXPECT_TRUE(has(Severity::kNote, "rounded to float32"));
  plan("merge_method: passthrough\nmodels: [{model: a}]\n");
  EXPECT_EQ(tensor("model.norm.weight").dtype, DType::F64);
  EXPECT_EQ(count(Severity::kNote, "rounded"), 0);
}

TEST_F(Dtypes, Fp8ResultsAreWrittenAsBf16) {
  two(DType::F8_E4M3, DType::F8_E4M3);
  EXPECT_EQ(of("parameters: {weight: 1}\n"), DType::BF16);
  plan("merge_method: passthrough\nmodels: [{model: a}]\n");
  EXPECT_EQ(tensor("model.norm.weight").dtype, DType::F8_E4M3);
}

TEST_F(Dtypes, IntegersAreCopiedFromTheDonor) {
  auto tensors = TinyLlama{}.tensors();
  for (const char* name : {"a", "b"}) {
    auto own = tensors;
    own.push_back({"model.layers.0.self_attn.q_proj.bias", DType::I64, {4}});
    model(name, TinyLlama{}.config(), own);
  }
  plan(
      "merge_method: linear\nbase_model: b\nout_dtype: float32\n"
      "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]\n");
  ASSERT_TRUE(ok());
  const PlannedTensor& t = tensor("model.layers.0.self_attn.q_proj.bias");
  EXPECT_EQ(t.method, nullptr);
  EXPECT_EQ(t.dtype, DType::I64);
  ASSERT_EQ(t.inputs.size(), 2u);  // the second is only compared
  EXPECT_EQ(plan_.models[static_cast<std::size_t>(t.inputs[0].model)].label, "b");
}

class ModPlan : public PlanTest {};

TEST_F(ModPlan, OnlyMatchingTensorsAreMergedAndAllAreBf16) {
  TinyLlama llama;
  llama.dtype = DType::F32;
  auto tensors = llama.tensors();
  tensors.push_back({"extra.weight", DType::F32, {3}});
  model("a", llama.config(), tensors);
  model("b", llama);
  plan(
      "merge_method: mod\nmodels: [{model: a, parameters: {weight: 0.9}}, {model: b, parameters: "
      "{weight: 0.1}}]\n");
  ASSERT_TRUE(ok());
  for (const PlannedTensor& t : plan_.tensors) {
    EXPECT_EQ(t.dtype, DType::BF16) << t.name;
    EXPECT_EQ(t.method != nullptr, t.name.find("mlp") != std::string::npos) << t.name;
  }
  EXPECT_EQ(tensor("model.layers.0.mlp.up_proj.weight").spec.compute, Compute::kBf16);
  EXPECT_EQ(tensor("model.layers.0.mlp.up_proj.weight").spec.params.string("select"), "reference");
  EXPECT_EQ(plan_.config.at("torch_dtype"), "bfloat16");
}

TEST_F(ModPlan, OtherRulesKeepTheDtypeAndFp32) {
  TinyLlama llama;
  llama.dtype = DType::F16;
  model("a", llama);
  model("b", llama);
  plan(
      "merge_method: mod\nparameters: {select: rank, weight: 0.5, match: [q_proj, k_proj]}\n"
      "models: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("model.norm.weight").dtype, DType::F16);
  EXPECT_EQ(tensor("model.layers.0.self_attn.q_proj.weight").spec.compute, Compute::kFp32);
  EXPECT_NE(tensor("model.layers.0.self_attn.k_proj.weight").method, nullptr);
  EXPECT_EQ(tensor("model.layers.0.mlp.up_proj.weight").method, nullptr);
}

TEST_F(ModPlan, WarnsWhenNothingMatches) {
  model("a");
  model("b");
  plan(
      "merge_method: mod\nparameters: {match: ffn, weight: 0.5}\nmodels: [{model: a}, {model: "
      "b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_TRUE(has_warning("no tensor is merged"));
}

TEST_F(ModPlan, CopiesTheFirstEmbeddingWhateverItsSize) {
  TinyLlama more;
  more.vocab = 10;
  model("a");
  model("b", more);
  plan("merge_method: mod\nparameters: {weight: 0.5}\nmodels: [{model: a}, {model: b}]\n");
  ASSERT_TRUE(ok());
  EXPECT_EQ(tensor("lm_head.weight").spec.shape[0], 8);
  EXPECT_EQ(tensor("lm_head.weight").inputs.size(), 1u);
  EXPECT_TRUE(has_warning("vocabularies differ"));
}

}  // namespace
}  // namespace mod::merge
