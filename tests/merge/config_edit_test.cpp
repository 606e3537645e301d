#include "merge/config_edit.h"

#include <gtest/gtest.h>

namespace mod::merge {
namespace {

using checkpoint::Json;

class ConfigEdit : public ::testing::Test {
 protected:
  Json edit(const Json& donor, std::int64_t layers, const ConfigChanges& changes) {
    return edit_config(donor, *arch::find_architecture("LlamaForCausalLM", "llama"), layers,
                       changes, broken_);
  }
  std::vector<std::pair<std::string, std::string>> broken_;
};

TEST_F(ConfigEdit, NothingChangesWithoutAReason) {
  const Json config = Json::parse(R"({"z": 1, "torch_dtype": "bfloat16", "a": {"b": [1, 2]}})");
  ConfigChanges changes;
  changes.dtype = DType::BF16;
  EXPECT_EQ(edit(config, 2, changes).dump(), config.dump());
  const Json long_name = Json::parse(R"({"torch_dtype": "torch.bfloat16"})");
  EXPECT_EQ(edit(long_name, 2, changes).dump(), long_name.dump());
}

TEST_F(ConfigEdit, TheDtypeGoesWhereTheFileHasIt) {
  ConfigChanges changes;
  changes.dtype = DType::F16;
  EXPECT_EQ(edit(Json::parse(R"({"dtype": "bfloat16", "x": 1})"), 2, changes).dump(),
            R"({"dtype":"float16","x":1})");
  EXPECT_EQ(edit(Json::parse(R"({"torch_dtype": "bfloat16", "x": 1})"), 2, changes).dump(),
            R"({"torch_dtype":"float16","x":1})");
  EXPECT_EQ(edit(Json::parse(R"({"x": 1})"), 2, changes).dump(),
            R"({"x":1,"torch_dtype":"float16"})");
  EXPECT_EQ(edit(Json::parse(R"({"text_config": {"torch_dtype": "bfloat16"}})"), 2, changes).dump(),
            R"({"text_config":{"torch_dtype":"float16"}})");
}

TEST_F(ConfigEdit, LayersAreCutFromTheSources) {
  const Json a = Json::parse(R"({"num_hidden_layers": 3, "layer_types": ["a0", "a1", "a2"],
                                 "eos_token_id": [1, 2, 3], "architectures": ["X"], "n": [1, 2]})");
  const Json b = Json::parse(R"({"num_hidden_layers": 2, "layer_types": ["b0", "b1"]})");
  ConfigChanges changes;
  changes.origins = {{&a, 3, 0}, {&a, 3, 2}, {&b, 2, 1}, {&a, 3, 0}};
  EXPECT_EQ(edit(a, 3, changes).dump(),
            R"({"num_hidden_layers":4,"layer_types":["a0","a2","b1","a0"],)"
            R"("eos_token_id":[1,2,3],"architectures":["X"],"n":[1,2]})");
  EXPECT_TRUE(broken_.empty());
}

TEST_F(ConfigEdit, ListsOfLayerNumbersAreRenumbered) {
  const Json a = Json::parse(R"({"num_hidden_layers": 3, "mlp_only_layers": [2]})");
  ConfigChanges changes;
  changes.origins = {{&a, 3, 2}, {&a, 3, 1}, {&a, 3, 2}};
  EXPECT_EQ(edit(a, 3, changes).at("mlp_only_layers").dump(), "[0,2]");
}

TEST_F(ConfigEdit, ListsThatASourceLacksAreReported) {
  const Json a = Json::parse(R"({"num_hidden_layers": 2, "layer_types": ["x", "y"]})");
  const Json b = Json::parse(R"({"num_hidden_layers": 2, "layer_types": ["x"]})");
  ConfigChanges changes;
  changes.origins = {{&a, 2, 0}, {&b, 2, 1}};
  edit(a, 2, changes);
  ASSERT_EQ(broken_.size(), 1u);
  EXPECT_EQ(broken_[0].first, "layer_types");
}

TEST_F(ConfigEdit, TheVocabularyFollowsTheRows) {
  ConfigChanges changes;
  changes.vocabulary = 9;
  EXPECT_EQ(edit(Json::parse(R"({"vocab_size": 8})"), 2, changes).dump(), R"({"vocab_size":9})");
}

TEST_F(ConfigEdit, WhatIsNoObjectIsLeftAlone) {
  ConfigChanges changes;
  changes.dtype = DType::F16;
  EXPECT_EQ(edit(Json::array(), 2, changes).dump(), "[]");
}

}  // namespace
}  // namespace mod::merge
