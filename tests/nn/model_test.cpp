// Loading: what is refused, and with which words.
#include "nn/model.h"

#include <gtest/gtest.h>

#include "nn/golden_support.h"
#include "support/tiny_model.h"

namespace mod::nn {
namespace {

using namespace testing;
using mod::testing::TempFolder;
using mod::testing::TinyLlama;
using mod::testing::TinyTensor;

const std::string kRunnable = R"("rms_norm_eps": 1e-6, "max_position_embeddings": 32)";

std::string error_of(const std::filesystem::path& folder, ErrorCode code,
                     ModelOptions options = {}) {
  try {
    open_model(folder, std::move(options));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "nothing was thrown";
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TinyLlama runnable() {
  TinyLlama llama;
  llama.extra_config = kRunnable;
  return llama;
}

TEST(Load, AllMissingAndMisshapenTensorsAreNamedAtOnce) {
  TempFolder folder;
  const TinyLlama llama = runnable();
  std::vector<TinyTensor> tensors;
  for (TinyTensor& t : llama.tensors()) {
    if (t.name == "model.layers.0.self_attn.o_proj.weight") continue;
    if (t.name == "model.layers.1.mlp.down_proj.weight") t.shape = {4, 5};
    if (t.name == "model.norm.weight") t.dtype = DType::I32;
    tensors.push_back(t);
  }
  mod::testing::write_checkpoint(folder.path(), llama.config(), tensors);
  const std::string message = error_of(folder.path(), ErrorCode::kInvalidInput);
  EXPECT_HAS(message, "model.layers.0.self_attn.o_proj.weight is missing");
  EXPECT_HAS(message,
             "model.layers.1.mlp.down_proj.weight has shape 4x5, but the config makes it 4x6");
  EXPECT_HAS(message, "model.norm.weight holds integers (I32)");
}

TEST(Load, AWrongWidthIsNotAFloodOfMessages) {
  TempFolder folder;
  TinyLlama llama = runnable();
  llama.layers = 20;
  const auto tensors = llama.tensors();
  llama.hidden = 8;
  mod::testing::write_checkpoint(folder.path(), llama.config(), tensors);
  const std::string message = error_of(folder.path(), ErrorCode::kInvalidInput);
  EXPECT_LT(std::count(message.begin(), message.end(), '\n'), 16);
  EXPECT_HAS(message, "more problems of this kind");
}

TEST(Load, AModelLargerThanTheMemoryIsRefusedWithNumbers) {
  ModelOptions options;
  options.memory = 100'000;
  const std::string message = error_of(tiny_path("llama"), ErrorCode::kOutOfMemory, options);
  EXPECT_HAS(message, "llama needs 256.75 KiB");
  EXPECT_HAS(message, "--memory allows 97.66 KiB");
  options.memory = 300'000;
  EXPECT_NE(open_tiny("llama", options), nullptr);
}

TEST(Load, OtherArchitecturesAndMissingConfigsAreRefused) {
  TempFolder folder;
  TinyLlama llama = runnable();
  llama.arch = "MambaForCausalLM";
  llama.write(folder.path());
  EXPECT_HAS(error_of(folder.path(), ErrorCode::kUnsupported),
             "models of the architecture 'MambaForCausalLM' cannot be run yet");
  std::filesystem::remove(folder / "config.json");
  EXPECT_HAS(error_of(folder.path(), ErrorCode::kInvalidInput), "no config.json");
}

TEST(Load, TensorsWithoutAUseAreNoted) {
  TempFolder folder;
  const TinyLlama llama = runnable();
  auto tensors = llama.tensors();
  tensors.push_back({"model.layers.0.self_attn.q_norm.weight", DType::BF16, {2}});
  mod::testing::write_checkpoint(folder.path(), llama.config(), tensors);
  Problems notes;
  weights::TensorStore store;
  Model::open(checkpoint::open_model(folder.path(), notes), store, {}, test_context(), notes);
  ASSERT_EQ(notes.count(Severity::kWarning), 1u);
  EXPECT_HAS(to_text(notes.all().back()), "1 tensors are not used by models of this kind");
}

/// A head is a tensor of its own unless the config ties it or, being silent, lacks it.
TEST(Head, FollowsTheConfigAndTheFile) {
  TempFolder folder;
  struct Case {
    const char* tie;  // JSON
    bool stored, tied;
  };
  for (const Case& c :
       {Case{"false", true, false}, Case{"true", true, true}, Case{"true", false, true},
        Case{"null", true, false}, Case{"null", false, true}}) {
    TinyLlama llama = runnable();
    llama.tied = !c.stored;
    std::string config = llama.config();
    const std::string key = "\"tie_word_embeddings\": ";
    const std::size_t at = config.find(key) + key.size();
    config.replace(at, config.find(',', at) - at, c.tie);
    mod::testing::write_checkpoint(folder.path(), config, llama.tensors());
    const auto model = open_model(folder.path());
    EXPECT_EQ(model->head().w.data == model->embedding().data, c.tied)
        << c.tie << (c.stored ? " stored" : " not stored");
  }
  TinyLlama llama = runnable();
  llama.tied = true;
  std::string config = llama.config();
  config.replace(config.find("true"), 4, "false");
  mod::testing::write_checkpoint(folder.path(), config, llama.tensors());
  EXPECT_HAS(error_of(folder.path(), ErrorCode::kInvalidInput), "lm_head.weight is missing");
}

TEST(DTypes, AllFloatingTypesGiveTheSameModel) {
  // The values of TinyLlama are small integers: exact in every type.
  std::vector<std::vector<float>> logits;
  for (const DType dtype : {DType::BF16, DType::F16, DType::F32, DType::F64}) {
    TempFolder folder;
    TinyLlama llama = runnable();
    llama.dtype = dtype;
    llama.write(folder.path());
    const auto model = open_model(folder.path());
    Runner runner(test_context());
    Session session(model);
    const Token tokens[] = {1, 2, 3, 4, 5};
    logits.push_back(all_logits(runner, session, tokens));
    EXPECT_LE(relative_difference(logits.back(), logits.front()), 1e-6) << dtype_name(dtype);
  }
}

TEST(Numbers, OfATokenLeaveUnusedExpertsOut) {
  const auto dense = open_tiny("llama"), sparse = open_tiny("mixtral");
  // Per layer: q and o of 64 x 64, k and v of 32 x 64, three of 96 x 64.
  const std::uint64_t layer = 2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64;
  EXPECT_EQ(dense->active_parameters(), 3 * layer);
  EXPECT_EQ(dense->bytes_per_token(), 2 * (3 * layer + 300 * 64));
  EXPECT_EQ(sparse->active_parameters(), 3 * (layer + 3 * 96 * 64 + 4 * 64));
  EXPECT_GT(sparse->weight_bytes(), sparse->bytes_per_token());
}

TEST(Architectures, WhatCanRunHasAllParts) {
  using arch::Role;
  for (const arch::Architecture& a : arch::architectures()) {
    ASSERT_TRUE(a.run) << a.id;
    std::set<Role> roles;
    for (const auto* list : {&a.before, &a.layer, &a.after}) {
      for (const arch::TensorTemplate& t : *list) {
        EXPECT_NE(t.role, Role::kNone) << a.id << " " << t.name;
        roles.insert(t.role);
      }
    }
    const auto has = [&](Role role) { return roles.contains(role); };
    EXPECT_TRUE(has(Role::kEmbedding) && has(Role::kFinalNorm) && has(Role::kHead) &&
                has(Role::kOutput))
        << a.id;
    EXPECT_TRUE(has(Role::kQueryKeyValue) ||
                (has(Role::kQuery) && has(Role::kKey) && has(Role::kValue)))
        << a.id;
    EXPECT_TRUE(has(Role::kAttentionNorm) || has(Role::kAttentionPostNorm)) << a.id;
    EXPECT_EQ(has(Role::kRouter), !a.experts.empty()) << a.id;
    EXPECT_EQ(has(Role::kQueryNorm), a.run->query_key_norm != arch::QueryKeyNorm::kNone) << a.id;
    EXPECT_EQ(has(Role::kSharedGate), !a.run->experts.shared_width_key.empty()) << a.id;
    for (const arch::ExpertTemplate& t : a.experts) EXPECT_NE(t.role, Role::kNone) << t.name;
  }
}

}  // namespace
}  // namespace mod::nn
