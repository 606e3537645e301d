// Experts: fused and per-expert inputs side by side.
#include <algorithm>

#include "merge/plan_support.h"

namespace mod::merge {
namespace {

constexpr std::int64_t kExperts = 2, kFfn = 3, kHidden = 4, kVocab = 5;

std::string config(int experts = kExperts) {
  return R"({"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "num_hidden_layers": 1,
             "tie_word_embeddings": false, "vocab_size": 5, "num_local_experts": )" +
         std::to_string(experts) + "}";
}

std::vector<TinyTensor> common(const std::string& router, std::int64_t experts = kExperts) {
  const std::string p = "model.layers.0.";
  std::vector<TinyTensor> out = {{"model.embed_tokens.weight", DType::BF16, {kVocab, kHidden}},
                                 {"model.norm.weight", DType::BF16, {kHidden}},
                                 {"lm_head.weight", DType::BF16, {kVocab, kHidden}},
                                 {p + router, DType::BF16, {experts, kHidden}}};
  for (const char* norm : {"input_layernorm.weight", "post_attention_layernorm.weight"}) {
    out.push_back({p + norm, DType::BF16, {kHidden}});
  }
  for (const char* part : {"q", "k", "v", "o"}) {
    out.push_back({p + "self_attn." + part + "_proj.weight", DType::BF16, {kHidden, kHidden}});
  }
  return out;
}

std::vector<TinyTensor> per_expert(int experts = kExperts) {
  auto out = common("block_sparse_moe.gate.weight", experts);
  for (int e = 0; e < experts; ++e) {
    const std::string p = "model.layers.0.block_sparse_moe.experts." + std::to_string(e) + ".";
    out.push_back({p + "w1.weight", DType::BF16, {kFfn, kHidden}});
    out.push_back({p + "w2.weight", DType::BF16, {kHidden, kFfn}});
    out.push_back({p + "w3.weight", DType::BF16, {kFfn, kHidden}});
  }
  return out;
}

std::vector<TinyTensor> fused() {
  auto out = common("mlp.gate.weight");
  out.push_back(
      {"model.layers.0.mlp.experts.gate_up_proj", DType::BF16, {kExperts, 2 * kFfn, kHidden}});
  out.push_back({"model.layers.0.mlp.experts.down_proj", DType::BF16, {kExperts, kHidden, kFfn}});
  return out;
}

const char* kLinear =
    "merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n";

class Experts : public PlanTest {};

TEST_F(Experts, LayoutsMixAndTheOutputIsPerExpert) {
  model("a", config(), per_expert());
  model("b", config(), fused());
  for (const char* order : {"[{model: a}, {model: b}]", "[{model: b}, {model: a}]"}) {
    plan(std::string("merge_method: linear\nparameters: {weight: 1}\nmodels: ") + order + "\n");
    ASSERT_TRUE(ok());
    EXPECT_EQ(plan_.tensors.size(), per_expert().size());
    EXPECT_EQ(problems_.count(Severity::kWarning), 0u) << all();
    const PlannedTensor& t = tensor("model.layers.0.block_sparse_moe.experts.1.w3.weight");
    EXPECT_EQ(t.spec.shape, (std::vector<std::int64_t>{kFfn, kHidden}));
    ASSERT_EQ(t.inputs.size(), 2u);
    for (const PlannedInput& input : t.inputs) {
      EXPECT_EQ(input.tensor.shape, t.spec.shape);
      EXPECT_EQ(input.tensor.bytes, t.bytes);
    }
    EXPECT_NE(find("model.layers.0.block_sparse_moe.gate.weight"), nullptr);
  }
}

TEST_F(Experts, FusedViewsTileTheFusedTensor) {
  model("a", config(), fused());
  model("b", config(), fused());
  plan(kLinear);
  ASSERT_TRUE(ok());
  const auto* whole =
      plan_.models[0].folder.weights->find("model.layers.0.mlp.experts.gate_up_proj");
  ASSERT_NE(whole, nullptr);
  std::uint64_t next = whole->offset;
  for (int e = 0; e < kExperts; ++e) {
    for (const char* part : {"w1", "w3"}) {
      const PlannedTensor& t = tensor("model.layers.0.block_sparse_moe.experts." +
                                      std::to_string(e) + "." + part + ".weight");
      EXPECT_EQ(t.inputs[0].tensor.offset, next);
      next += t.inputs[0].tensor.bytes;
    }
  }
  EXPECT_EQ(next, whole->offset + whole->bytes);
}

TEST_F(Experts, IncompleteAndMismatchedSetsAreErrors) {
  auto tensors = per_expert();
  std::erase_if(tensors, [](const TinyTensor& t) {
    return t.name.find("experts.1.w2") != std::string::npos;
  });
  model("a", config(), tensors);
  model("b", config(), per_expert());
  plan(kLinear);
  EXPECT_TRUE(has_error("incomplete expert group in a"));
  model("a", config(3), per_expert(3));
  plan(kLinear);
  EXPECT_TRUE(has_error("different numbers of experts"));
}

}  // namespace
}  // namespace mod::merge
