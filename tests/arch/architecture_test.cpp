#include "arch/architecture.h"

#include <gtest/gtest.h>

#include <set>

#include "arch/tensor_map.h"
#include "base/text.h"
#include "support/tiny_model.h"

namespace mod::arch {
namespace {

using checkpoint::ModelFolder;
using mod::testing::TempFolder;
using mod::testing::TinyTensor;

ModelFolder open_tiny(const std::string& name) {
  Problems notes;
  return checkpoint::open_model(std::string(MOD_SOURCE_DIR) + "/tests/data/tiny/" + name, notes);
}

std::string texts(const Problems& problems) {
  std::string out;
  for (const Problem& p : problems.all()) out += to_text(p) + "\n";
  return out;
}

/// Canonical names that a model of this architecture must or may have.
std::set<std::string> names_of(const Architecture& a, const TensorMap& map, bool with_optional) {
  std::set<std::string> out;
  for (const auto* list : {&a.before, &a.after}) {
    for (const TensorTemplate& t : *list) {
      if (with_optional || (!t.optional && t.tied_to.empty())) out.insert(t.name);
    }
  }
  for (std::int64_t layer = 0; layer < map.layers(); ++layer) {
    for (const Slot& slot : layer_slots(a, map.is_sparse(layer), map.experts())) {
      if (with_optional || !slot.optional) out.insert(expand(slot.name, layer));
    }
  }
  return out;
}

struct TinyCase {
  const char* folder;
  const char* id;
  int layers;
  int experts;
};

class SavedByTransformers : public ::testing::TestWithParam<TinyCase> {};

// Each definition against a checkpoint that the reference software saved: nothing missing, nothing
// over.
TEST_P(SavedByTransformers, IsCoveredExactly) {
  const ModelFolder model = open_tiny(GetParam().folder);
  const std::string name = model.config.at("architectures")[0].get<std::string>();
  const Architecture* a = find_architecture(name, model.config.at("model_type").get<std::string>());
  ASSERT_NE(a, nullptr) << name;
  EXPECT_EQ(a->id, GetParam().id);
  Problems problems;
  const TensorMap map(*a, model, GetParam().folder, {}, problems);
  EXPECT_FALSE(problems.has_errors()) << texts(problems);
  EXPECT_EQ(map.layers(), GetParam().layers);
  EXPECT_EQ(map.experts(), GetParam().experts);
  for (const auto& tensor : map.unknown())
    ADD_FAILURE() << "not in the definition: " << tensor.name;
  for (const std::string& required : names_of(*a, map, false)) {
    EXPECT_NE(map.find(required), nullptr) << "not in the checkpoint: " << required;
  }
  std::size_t found = 0;
  for (const std::string& any : names_of(*a, map, true)) found += map.find(any) != nullptr;
  EXPECT_EQ(found, model.weights->tensors().size());
}

INSTANTIATE_TEST_SUITE_P(
    All, SavedByTransformers,
    ::testing::Values(TinyCase{"llama", "llama", 3, 0}, TinyCase{"llama-rope3", "llama", 3, 0},
                      TinyCase{"mistral-nemo", "mistral", 3, 0}, TinyCase{"qwen2", "qwen2", 3, 0},
                      TinyCase{"qwen3", "qwen3", 3, 0}, TinyCase{"mixtral", "mixtral", 3, 4},
                      TinyCase{"qwen2-moe", "qwen2_moe", 3, 4},
                      TinyCase{"qwen3-moe", "qwen3_moe", 3, 4}, TinyCase{"phi3", "phi3", 3, 0},
                      TinyCase{"gemma2", "gemma2", 3, 0}, TinyCase{"gemma3", "gemma3", 3, 0},
                      TinyCase{"olmo2", "olmo2", 3, 0}, TinyCase{"granite", "granite", 3, 0}),
    [](const auto& tiny) {
      std::string name = tiny.param.folder;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

TEST(Architectures, NamesAreUniqueAndFound) {
  std::set<std::string> ids, classes;
  for (const Architecture& a : architectures()) {
    EXPECT_TRUE(ids.insert(a.id).second) << a.id;
    for (const std::string& c : a.class_names) {
      EXPECT_TRUE(classes.insert(c).second) << c;
      EXPECT_EQ(find_architecture(c, a.model_types.front()), &a);
    }
    EXPECT_EQ(find_architecture("", a.model_types.front()), &a);
  }
  EXPECT_EQ(find_architecture("NoSuchForCausalLM", "llama"), nullptr);
  EXPECT_EQ(find_architecture("", "no_such_type"), nullptr);
}

TEST(TensorMap, FusedExpertsAreRowsOfTheFusedTensor) {
  const std::int64_t experts = 3, rows = 4, hidden = 2;
  TempFolder folder;
  std::vector<float> counting;
  for (int i = 0; i < 3 * 8 * 2; ++i) counting.push_back(static_cast<float>(i));
  const std::string p = "model.layers.0.";
  mod::testing::write_checkpoint(
      folder.path(), R"({"architectures": ["MixtralForCausalLM"], "model_type": "mixtral",
                         "num_hidden_layers": 1, "num_local_experts": 3, "vocab_size": 4})",
      {{p + "mlp.experts.gate_up_proj", DType::BF16, {experts, 2 * rows, hidden}, counting},
       {p + "mlp.experts.down_proj", DType::BF16, {experts, hidden, rows}, counting},
       {p + "mlp.gate.weight", DType::BF16, {experts, hidden}},
       {"model.norm.weight", DType::BF16, {hidden}}});
  Problems problems;
  const ModelFolder model = checkpoint::open_model(folder.path(), problems);
  const TensorMap map(*find_architecture("MixtralForCausalLM", "mixtral"), model, "m", {},
                      problems);
  EXPECT_FALSE(problems.has_errors()) << texts(problems);
  EXPECT_TRUE(map.unknown().empty());
  ASSERT_NE(map.find(p + "block_sparse_moe.gate.weight"), nullptr);  // an alias
  auto first_value = [&](const std::string& name) {
    const auto* t = map.find(name);
    if (!t) return -1.0f;
    std::uint16_t bits = 0;
    model.weights->read(*t, 0, std::as_writable_bytes(std::span(&bits, 1)));
    const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
    float out = 0;
    std::memcpy(&out, &wide, 4);
    return out;
  };
  // Expert 2: gate rows start at 2 * 8 * 2 = 32, up rows 8 elements later; down at 2 * 2 * 4 = 16.
  EXPECT_EQ(first_value(p + "block_sparse_moe.experts.2.w1.weight"), 32);
  EXPECT_EQ(first_value(p + "block_sparse_moe.experts.2.w3.weight"), 40);
  EXPECT_EQ(first_value(p + "block_sparse_moe.experts.2.w2.weight"), 16);
  EXPECT_EQ(first_value(p + "block_sparse_moe.experts.0.w3.weight"), 8);
  EXPECT_EQ(map.find(p + "block_sparse_moe.experts.1.w1.weight")->shape,
            (std::vector<std::int64_t>{rows, hidden}));
  EXPECT_EQ(map.find(p + "block_sparse_moe.experts.1.w2.weight")->bytes, 16u);
}

struct BrokenCase {
  const char* config;
  std::vector<TinyTensor> tensors;
  const char* message;
};

void expect_error(const BrokenCase& broken) {
  TempFolder folder;
  mod::testing::write_checkpoint(folder.path(), broken.config, broken.tensors);
  Problems problems;
  const ModelFolder model = checkpoint::open_model(folder.path(), problems);
  const TensorMap map(*find_architecture("MixtralForCausalLM", ""), model, "m", {}, problems);
  EXPECT_TRUE(problems.has_errors());
  EXPECT_NE(texts(problems).find(broken.message), std::string::npos) << texts(problems);
}

TEST(TensorMap, RefusesCountsThatCannotBe) {
  const std::vector<TinyTensor> one = {{"model.norm.weight", DType::F32, {2}}};
  expect_error({R"({"num_hidden_layers": 4000000000, "num_local_experts": 2})", one, "4000000000"});
  expect_error({R"({"num_hidden_layers": -1, "num_local_experts": 2})", one, "-1"});
  expect_error({R"({"num_hidden_layers": "2", "num_local_experts": 2})", one, "no number"});
  expect_error({R"({"num_local_experts": 2})", one, "num_hidden_layers"});
  expect_error({R"({"num_hidden_layers": 1, "num_local_experts": 99999999})", one, "experts"});
  expect_error({R"({"num_hidden_layers": 1})", one, "num_local_experts"});
}

TEST(TensorMap, RefusesIncompleteExperts) {
  const std::string p = "model.layers.0.block_sparse_moe.experts.";
  expect_error({R"({"num_hidden_layers": 1, "num_local_experts": 3})",
                {{p + "0.w1.weight", DType::F32, {2, 2}}, {p + "2.w1.weight", DType::F32, {2, 2}}},
                "experts.1.w1.weight is missing"});
  expect_error({R"({"num_hidden_layers": 1, "num_local_experts": 3})",
                {{"model.layers.0.mlp.experts.down_proj", DType::F32, {2, 2, 2}}},
                "has shape 2x2x2"});
}

TEST(TensorMap, ListsUnknownAndRecomputedTensors) {
  TempFolder folder;
  mod::testing::TinyLlama llama;
  auto tensors = llama.tensors();
  tensors.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", DType::F32, {2}});
  tensors.push_back({"model.extra.weight", DType::F32, {2}});
  mod::testing::write_checkpoint(folder.path(), llama.config(), tensors);
  Problems problems;
  const ModelFolder model = checkpoint::open_model(folder.path(), problems);
  const TensorMap map(*find_architecture("LlamaForCausalLM", "llama"), model, "m", {}, problems);
  ASSERT_EQ(map.unknown().size(), 1u);
  EXPECT_EQ(map.unknown()[0].name, "model.extra.weight");
  EXPECT_EQ(map.recomputed(),
            std::vector<std::string>{"model.layers.0.self_attn.rotary_emb.inv_freq"});
}

TEST(SparseLayers, FollowTheConfig) {
  const Architecture& a = *find_architecture("Qwen3MoeForCausalLM", "qwen3_moe");
  const Json config =
      Json::parse(R"({"num_experts": 4, "decoder_sparse_step": 2, "mlp_only_layers": [3]})");
  std::string kinds;
  for (int layer = 0; layer < 6; ++layer) kinds += is_sparse_layer(a, config, layer) ? 's' : 'd';
  EXPECT_EQ(kinds, "dsddds");
  EXPECT_FALSE(is_sparse_layer(*find_architecture("LlamaForCausalLM", ""), config, 1));
}

TEST(FirstIndex, ReadsWholeComponentsOnly) {
  EXPECT_EQ(first_index("model.layers.12.mlp.3.weight"), 12);
  EXPECT_EQ(first_index("7.weight"), 7);
  EXPECT_EQ(first_index("block.3"), 3);
  EXPECT_EQ(first_index("w1.layer2.x"), -1);
  EXPECT_EQ(first_index(""), -1);
  EXPECT_EQ(first_index("a.99999999999999999999.b"), -1);
}

TEST(ConfigKeys, AreReadByPath) {
  const Json config =
      Json::parse(R"({"a": {"b": 3, "n": null}, "s": "x", "big": 18446744073709551615})");
  EXPECT_EQ(config_int(config, "a.b"), 3);
  EXPECT_FALSE(config_int(config, "a.n"));
  EXPECT_FALSE(config_int(config, "s"));
  EXPECT_FALSE(config_int(config, "s.t"));
  EXPECT_FALSE(config_int(config, "big"));
  EXPECT_EQ(config_string(config, "s"), "x");
}

}  // namespace
}  // namespace mod::arch
