#include "arch/run_spec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mod/error.h"

namespace mod::arch {
namespace {

const Architecture& architecture(const char* type) { return *find_architecture("", type); }

Json parse(const std::string& text) { return Json::parse(text); }

Json with(Json config, const char* members) {
  const Json more = parse(members);
  for (const auto& [key, value] : more.items()) config[key] = value;
  return config;
}

/// A config that every dense architecture accepts, with members of `more` over it.
Json base(const char* more = "{}") {
  Json config = parse(R"({"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4,
    "num_key_value_heads": 2, "num_hidden_layers": 6, "vocab_size": 300, "rms_norm_eps": 1e-6,
    "max_position_embeddings": 128, "query_pre_attn_scalar": 16})");
  return with(std::move(config), more);
}

Json moe_base(const char* more = "{}") {
  Json config = base(R"({"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48,
                         "shared_expert_intermediate_size": 80})");
  return with(std::move(config), more);
}

RunSpec spec(const char* type, const Json& config) {
  return make_run_spec(architecture(type), config, "config.json");
}

std::string error_of(const char* type, const Json& config) {
  try {
    spec(type, config);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    return error.what();
  }
  return "nothing was thrown";
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

std::vector<std::int64_t> windows(const RunSpec& run) {
  std::vector<std::int64_t> out;
  for (const LayerSpec& layer : run.layers) out.push_back(layer.window);
  return out;
}

using Windows = std::vector<std::int64_t>;

TEST(RunSpec, TakesSizesFromTheConfig) {
  const RunSpec run = spec("llama", base());
  EXPECT_EQ(run.hidden, 64);
  EXPECT_EQ(run.head_dim, 16);
  EXPECT_EQ(run.kv_heads, 2);
  EXPECT_EQ(run.context, 128);
  EXPECT_EQ(run.layers.size(), 6u);
  EXPECT_FLOAT_EQ(run.attention_scale, 0.25f);
  EXPECT_EQ(run.activation, Activation::kSilu);
  EXPECT_FALSE(run.tied_embeddings);
  EXPECT_EQ(spec("llama", base(R"({"num_key_value_heads": null})")).kv_heads, 4);
  EXPECT_EQ(spec("llama", base(R"({"head_dim": 24})")).head_dim, 24);
}

TEST(RunSpec, BothSpellingsAreEqual) {
  EXPECT_EQ(
      spec("llama", base(R"({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3",
              "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 32}})")),
      spec("llama", base(R"({"rope_parameters": {"rope_theta": 500000.0, "rope_type": "llama3",
              "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 32}})")));
  EXPECT_EQ(spec("gemma3_text", base(R"({"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
              "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "sliding_window": 8})")),
            spec("gemma3_text", base(R"({"sliding_window": 8, "rope_parameters": {
              "full_attention": {"rope_theta": 1000000.0, "rope_type": "linear", "factor": 8.0},
              "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"}}})")));
  const char* listed = R"({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 4,
    "layer_types": ["full_attention", "full_attention", "full_attention", "full_attention",
                    "sliding_attention", "sliding_attention"]})";
  const char* counted =
      R"({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 4})";
  EXPECT_EQ(spec("qwen2", base(listed)), spec("qwen2", base(counted)));
  // "su" is the older name of longrope, which stands beside a context of its own.
  const char* factors = R"("short_factor": [1, 1, 1, 1, 1, 1, 1, 1],
                           "long_factor": [2, 2, 2, 2, 2, 2, 2, 2])";
  const auto phi = [&](const char* type) {
    return spec("phi3", base((std::string(R"({"original_max_position_embeddings": 32,
        "rope_scaling": {"type": ")") +
                              type + "\", " + factors + "}}")
                                 .c_str()));
  };
  EXPECT_EQ(phi("su"), phi("longrope"));
  EXPECT_EQ(phi("yarn"), phi("longrope"));
  EXPECT_EQ(phi("su").usual_context, 32);
  EXPECT_EQ(phi("su").context, 128);
  EXPECT_NEAR(phi("su").ropes[0].attention_factor, std::sqrt(1 + std::log(4.0) / std::log(32.0)),
              1e-12);
}

// Qwen's configs count from layer 28 where they do not say max_window_layers, as in transformers.
TEST(RunSpec, QwensWindowsStartAtLayer28) {
  Windows expected(30, 0);
  expected[28] = expected[29] = 8;
  for (const char* kind : {"qwen2", "qwen3"}) {
    EXPECT_EQ(windows(spec(kind, base(R"({"use_sliding_window": true, "sliding_window": 8,
                                          "num_hidden_layers": 30})"))),
              expected)
        << kind;
  }
}

TEST(RunSpec, WindowsFollowTheRuleOfTheKind) {
  const char* eight = R"({"sliding_window": 8})";
  EXPECT_EQ(windows(spec("llama", base(eight))), Windows(6, 0));
  EXPECT_EQ(windows(spec("mistral", base(eight))), Windows(6, 8));
  EXPECT_EQ(windows(spec("mistral", base(R"({"sliding_window": null})"))), Windows(6, 0));
  EXPECT_EQ(windows(spec("mistral", base())), Windows(6, 4096));
  EXPECT_EQ(windows(spec("phi3", base())), Windows(6, 0));
  EXPECT_EQ(windows(spec("gemma2", base(eight))), (Windows{8, 0, 8, 0, 8, 0}));
  EXPECT_EQ(windows(spec("gemma3_text", base(eight))), (Windows{8, 8, 8, 8, 8, 0}));
  EXPECT_EQ(
      windows(spec("gemma3_text", base(R"({"sliding_window": 8, "sliding_window_pattern": 3})"))),
      (Windows{8, 8, 0, 8, 8, 0}));
  EXPECT_EQ(windows(spec("qwen2", base(eight))), Windows(6, 0));  // the switch is off
  EXPECT_EQ(windows(spec("qwen2", base(R"({"sliding_window": 8, "use_sliding_window": true,
                                           "max_window_layers": 5})"))),
            (Windows{0, 0, 0, 0, 0, 8}));
  EXPECT_EQ(
      windows(spec("qwen3_moe", moe_base(R"({"sliding_window": 8, "use_sliding_window": true})"))),
      Windows(6, 8));
  EXPECT_HAS(
      error_of("qwen2_moe", moe_base(R"({"sliding_window": 8, "use_sliding_window": true})")),
      "config.json, use_sliding_window: is true, but there is no layer_types");
  EXPECT_HAS(error_of("gemma2", base(R"({"layer_types": ["full_attention"]})")),
             "layer_types: is not a list of 6 texts");
  EXPECT_HAS(error_of("gemma2", base(R"({"layer_types": ["full_attention", "full_attention",
      "full_attention", "full_attention", "chunked_attention", "full_attention"]})")),
             "layer_types[4]: is neither");
}

TEST(RunSpec, LocalLayersOfGemma3TurnByTheirOwnTheta) {
  const RunSpec run = spec("gemma3_text", base(R"({"sliding_window": 8})"));
  ASSERT_EQ(run.ropes.size(), 2u);
  EXPECT_EQ(run.ropes[0].theta, 1e6);
  EXPECT_EQ(run.ropes[1].theta, 1e4);
  EXPECT_EQ(run.layers[0].rope, 1);
  EXPECT_EQ(run.layers[5].rope, 0);
}

TEST(RunSpec, ScalesAndCapsAreThoseOfTheKind) {
  const RunSpec gemma = spec("gemma2", base());
  EXPECT_FLOAT_EQ(gemma.embedding_scale, 8);
  EXPECT_FLOAT_EQ(gemma.attention_scale, 0.25f);
  EXPECT_EQ(gemma.attention_cap, 50);
  EXPECT_EQ(gemma.logit_cap, 30);
  EXPECT_EQ(gemma.norm_offset, 1);
  EXPECT_TRUE(gemma.tied_embeddings);
  EXPECT_EQ(gemma.activation, Activation::kGeluTanh);
  EXPECT_EQ(spec("gemma2", base(R"({"attn_logit_softcapping": null})")).attention_cap, 0);
  const RunSpec granite = spec("granite", base(R"({"attention_multiplier": 0.1,
      "embedding_multiplier": 12.0, "residual_multiplier": 0.22, "logits_scaling": 8})"));
  EXPECT_FLOAT_EQ(granite.attention_scale, 0.1f);
  EXPECT_FLOAT_EQ(granite.embedding_scale, 12);
  EXPECT_FLOAT_EQ(granite.residual_scale, 0.22f);
  EXPECT_FLOAT_EQ(granite.logit_scale, 0.125f);
  // Llama takes no notice of these keys.
  EXPECT_EQ(spec("llama", base(R"({"logits_scaling": 8})")).logit_scale, 1);
}

TEST(RunSpec, ExpertsAndDenseLayers) {
  const RunSpec run =
      spec("qwen3_moe", moe_base(R"({"decoder_sparse_step": 2, "mlp_only_layers": [3],
                                                     "norm_topk_prob": true})"));
  std::string kinds;
  for (const LayerSpec& layer : run.layers) kinds += layer.sparse ? 's' : 'd';
  EXPECT_EQ(kinds, "dsddds");
  EXPECT_EQ(run.experts, (ExpertSpec{4, 2, 48, 0, true}));
  EXPECT_EQ(spec("qwen2_moe", moe_base()).experts, (ExpertSpec{4, 2, 48, 80, false}));
  EXPECT_EQ(spec("mixtral", base(R"({"num_local_experts": 8, "num_experts_per_tok": 2})")).experts,
            (ExpertSpec{8, 2, 96, 0, true}));
}

TEST(RunSpec, YarnStretchesTheContext) {
  const RunSpec run = spec("qwen2", base(R"({"rope_scaling": {"type": "yarn", "factor": 4.0,
      "original_max_position_embeddings": 128}})"));
  EXPECT_EQ(run.context, 512);
  EXPECT_EQ(run.usual_context, 512);
  EXPECT_NEAR(run.ropes[0].attention_factor, 0.1 * std::log(4.0) + 1, 1e-12);
}

struct Broken {
  const char* type;
  const char* member;
  const char* message;
};

TEST(RunSpec, WrongValuesAreRefusedWithTheirKey) {
  const Broken cases[] = {
      {"llama", R"({"hidden_size": "64"})",
       "config.json, hidden_size: is \"64\", not a whole number"},
      {"llama", R"({"hidden_size": 64.5})", "hidden_size: is 64.5, not a whole number"},
      {"llama", R"({"hidden_size": -64})", "hidden_size: is -64, outside of 1 to"},
      {"llama", R"({"hidden_size": 9000000000000000000})", "hidden_size: is 9000000000000000000"},
      {"llama", R"({"hidden_size": 18446744073709551615})", "hidden_size: is 18446744073709551615"},
      {"llama", R"({"hidden_size": [64]})", "hidden_size: is a list"},
      {"llama", R"({"hidden_size": null})", "hidden_size: is missing"},
      {"llama", R"({"num_hidden_layers": 1000000000})",
       "num_hidden_layers: is 1000000000, outside"},
      {"llama", R"({"num_hidden_layers": 0})", "num_hidden_layers: is 0"},
      {"llama", R"({"num_attention_heads": 5})", "not a multiple of num_key_value_heads 2"},
      {"llama", R"({"num_attention_heads": 6})", "hidden_size: is 64, not a multiple of"},
      {"llama", R"({"num_key_value_heads": 3})", "not a multiple of num_key_value_heads 3"},
      {"llama", R"({"num_key_value_heads": 0})", "num_key_value_heads: is 0"},
      {"llama", R"({"head_dim": 15})", "head_dim: gives 15 rotated dimensions"},
      {"llama", R"({"head_dim": 60000, "num_attention_heads": 60000})", "head_dim: gives"},
      {"llama", R"({"vocab_size": true})", "vocab_size: is true, not a whole number"},
      {"llama", R"({"rms_norm_eps": "1e-6"})", "rms_norm_eps: is \"1e-6\", not a number"},
      {"llama", R"({"rms_norm_eps": -1})", "rms_norm_eps: is -1"},
      {"llama", R"({"rms_norm_eps": null})", "rms_norm_eps: is missing"},
      {"llama", R"({"max_position_embeddings": 1e9})", "max_position_embeddings: is 1000000000.0"},
      {"llama", R"({"hidden_act": "relu"})", "hidden_act: 'relu' is not supported yet"},
      {"llama", R"({"hidden_act": 3})", "hidden_act: is 3, not a text"},
      {"llama", R"({"tie_word_embeddings": "yes"})",
       "tie_word_embeddings: is \"yes\", not true or false"},
      {"llama", R"({"rope_theta": 0})", "config.json, rope_theta: is 0"},
      {"llama", R"({"rope_theta": "big"})", "config.json, rope_theta: is \"big\", not a number"},
      {"llama", R"({"rope_parameters": {"rope_theta": -3.0}})",
       "rope_parameters.rope_theta: is -3.0"},
      {"llama", R"({"rope_scaling": {"type": "dynamic", "factor": 2}})",
       "rope_scaling.rope_type: 'dynamic' is not supported yet"},
      {"llama", R"({"rope_scaling": {"type": "linear"}})", "rope_scaling.factor: is missing"},
      {"llama", R"({"rope_scaling": {"type": "linear", "factor": "4"}})",
       "rope_scaling.factor: is \"4\""},
      {"llama", R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
                    "high_freq_factor": 4}})",
       "high_freq_factor: is not larger than low_freq_factor"},
      {"phi3",
       R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 1], "long_factor": 2}})",
       "rope_scaling.short_factor: is a list of 2, not a list of 8 numbers"},
      {"phi3", R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 1, 1, 1, 1, 1, 1, "x"],
                   "long_factor": [1, 1, 1, 1, 1, 1, 1, 0]}})",
       "rope_scaling.short_factor[7]: is \"x\""},
      {"phi3", R"({"partial_rotary_factor": 1.5})", "config.json, partial_rotary_factor: is 1.5"},
      {"phi3", R"({"partial_rotary_factor": 0.2})", "partial_rotary_factor: gives 3 rotated"},
      {"mistral", R"({"sliding_window": -1})", "sliding_window: is -1"},
      {"gemma2", R"({"query_pre_attn_scalar": null})", "query_pre_attn_scalar: is missing"},
      {"gemma2", R"({"attn_logit_softcapping": 0})", "attn_logit_softcapping: is 0"},
      {"gemma3_text", R"({"sliding_window_pattern": 0})", "sliding_window_pattern: is 0"},
      {"gemma3_text", R"({"use_bidirectional_attention": true})", "only causal models can be run"},
      {"granite", R"({"logits_scaling": 0})", "logits_scaling: is 0"},
      {"qwen3_moe", R"({"num_experts": 4})", "num_experts_per_tok: is missing"},
      {"qwen3_moe", R"({"num_experts": 4, "num_experts_per_tok": 5})",
       "num_experts_per_tok: is 5, but there are 4 experts (num_experts)"},
      {"qwen3_moe", R"({"num_experts": 4, "num_experts_per_tok": 2, "mlp_only_layers": 3})",
       "mlp_only_layers: is not a list"},
  };
  for (const Broken& broken : cases) {
    EXPECT_HAS(error_of(broken.type, base(broken.member)), broken.message);
  }
}

TEST(RunSpec, EverythingWrongIsReportedAtOnce) {
  const std::string message = error_of("gemma3_text", parse(R"({"hidden_size": "x",
      "rope_parameters": {"full_attention": {"rope_theta": "y"}, "sliding_attention": {"factor": 1,
      "rope_type": "linear", "rope_theta": 0}}})"));
  for (const char* part : {"hidden_size: is \"x\"", "intermediate_size: is missing",
                           "vocab_size: is missing", "max_position_embeddings: is missing",
                           "rope_parameters.full_attention.rope_theta: is \"y\"",
                           "rope_parameters.sliding_attention.rope_theta: is 0"}) {
    EXPECT_HAS(message, part);
  }
  EXPECT_HAS(error_of("llama", Json::array()), "hidden_size: is missing");
}

TEST(RunSpec, WhatCanOnlyBeMergedIsRefused) {
  Architecture other = architecture("llama");
  other.id = "other";
  other.run.reset();
  try {
    make_run_spec(other, base(), "m/config.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_HAS(std::string(error.what()), "'other' can be merged but not run yet");
  }
}

}  // namespace
}  // namespace mod::arch
