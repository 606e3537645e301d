#include "arch/infer.h"

#include <gtest/gtest.h>

#include "support/tiny_model.h"

namespace mod::arch {
namespace {

using checkpoint::ModelFolder;
using mod::testing::TempFolder;
using mod::testing::TinyTensor;

ModelFolder write(const TempFolder& folder, const std::string& name, const std::string& config,
                  const std::vector<TinyTensor>& tensors) {
  mod::testing::write_checkpoint(folder / name, config, tensors);
  Problems notes;
  return checkpoint::open_model(folder / name, notes);
}

const char* kConfig = R"({"model_type": "odd", "n_layer": 2, "vocab_size": 5})";

std::vector<TinyTensor> odd_model() {
  return {{"transformer.wte.weight", DType::F32, {5, 2}},
          {"transformer.h.0.w.weight", DType::F32, {2, 2}},
          {"transformer.h.0.vocab.weight", DType::F32, {5, 2}},
          {"transformer.h.1.w.weight", DType::F32, {2, 2}},
          {"transformer.h.1.w.bias", DType::F32, {2}},
          {"transformer.ln_f.weight", DType::F32, {2}},
          {"vision.blocks.0.w", DType::F32, {2}},
          {"vision.blocks.1.w", DType::F32, {2}},
          {"vision.blocks.2.w", DType::F32, {2}},
          {"lm_head.weight", DType::F32, {5, 2}}};
}

const TensorTemplate* named(const std::vector<TensorTemplate>& list, std::string_view name) {
  for (const TensorTemplate& t : list) {
    if (t.name == name) return &t;
  }
  return nullptr;
}

TEST(Infer, TheListWithTheConfigsLengthIsTheLayers) {
  TempFolder folder;
  const ModelFolder model = write(folder, "m", kConfig, odd_model());
  const ModelFolder* models[] = {&model};
  const Architecture a = infer_architecture(models);
  EXPECT_TRUE(a.inferred);
  EXPECT_EQ(a.layers_key, "n_layer");
  ASSERT_EQ(a.layer.size(), 3u);
  const TensorTemplate* weight = named(a.layer, "transformer.h.{L}.w.weight");
  const TensorTemplate* bias = named(a.layer, "transformer.h.{L}.w.bias");
  ASSERT_TRUE(weight && bias);
  EXPECT_FALSE(weight->optional);
  EXPECT_TRUE(bias->optional) << "layer 0 lacks it";
  EXPECT_TRUE(named(a.before, "vision.blocks.1.w"));
}

TEST(Infer, TablesOfTheVocabularyAreEmbeddings) {
  TempFolder folder;
  const ModelFolder model = write(folder, "m", kConfig, odd_model());
  const ModelFolder* models[] = {&model};
  const Architecture a = infer_architecture(models);
  ASSERT_TRUE(named(a.before, "transformer.wte.weight"));
  EXPECT_TRUE(named(a.before, "transformer.wte.weight")->embedding);
  EXPECT_FALSE(named(a.after, "transformer.ln_f.weight")->embedding);
  const TensorTemplate* head = named(a.after, "lm_head.weight");
  ASSERT_TRUE(head) << "the head follows the last slice";
  EXPECT_TRUE(head->embedding);
  EXPECT_EQ(head->tied_to, "transformer.wte.weight");
}

TEST(Infer, WhatOneModelLacksIsOptional) {
  TempFolder folder;
  auto fewer = odd_model();
  fewer.erase(fewer.begin() + 3);
  const ModelFolder full = write(folder, "a", kConfig, odd_model());
  const ModelFolder part = write(folder, "b", kConfig, fewer);
  const ModelFolder* models[] = {&full, &part};
  EXPECT_TRUE(named(infer_architecture(models).layer, "transformer.h.{L}.w.weight")->optional);
}

TEST(Infer, WorksWithoutAConfig) {
  TempFolder folder;
  const ModelFolder model = write(folder, "m", "", odd_model());
  const ModelFolder* models[] = {&model};
  const Architecture a = infer_architecture(models);
  EXPECT_EQ(a.layer.size(), 1u) << "the longest list";
  EXPECT_TRUE(named(a.layer, "vision.blocks.{L}.w"));
}

TEST(Infer, WorksWithoutLayers) {
  TempFolder folder;
  const ModelFolder model = write(folder, "m", "{}", {{"w", DType::F32, {2}}});
  const ModelFolder* models[] = {&model};
  const Architecture a = infer_architecture(models);
  EXPECT_TRUE(a.layer.empty());
  EXPECT_EQ(a.before.size(), 1u);
}

}  // namespace
}  // namespace mod::arch
