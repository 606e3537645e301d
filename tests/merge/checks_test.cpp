#include "merge/checks.h"

#include "merge/plan_support.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

class Checks : public PlanTest {
 protected:
  /// Plans a linear merge of two models with these additions to their configs.
  void configs(const std::string& a, const std::string& b) {
    TinyLlama llama;
    llama.extra_config = a;
    model("a", llama);
    llama.extra_config = b;
    model("b", llama);
    run();
  }
  void run() {
    plan("merge_method: linear\nparameters: {weight: 1}\nmodels: [{model: a}, {model: b}]\n");
  }
  void file(const std::string& name, const std::string& text) {
    mod::testing::write_text(folder_ / name, text);
  }
};

TEST_F(Checks, EqualModelsAreQuiet) {
  configs("\"rope_theta\": 10000.0", "\"rope_parameters\": {\"rope_theta\": 10000}");
  EXPECT_TRUE(problems_.all().empty()) << all();
}

TEST_F(Checks, RotaryPositions) {
  configs("\"rope_theta\": 10000.0", "\"rope_theta\": 1000000.0");
  EXPECT_TRUE(ok());
  EXPECT_TRUE(has_warning("rotary positions differ"));
  EXPECT_TRUE(has_warning("1000000.0"));
  EXPECT_TRUE(has_warning("do not average"));
  configs("\"rope_theta\": 10000.0",
          "\"rope_parameters\": {\"rope_theta\": 10000.0, \"rope_type\": \"yarn\"}");
  EXPECT_TRUE(has_warning("yarn"));
}

TEST_F(Checks, ModHidesRotaryMismatches) {
  TinyLlama llama;
  model("a", llama);
  llama.extra_config = "\"rope_theta\": 5.0";
  model("b", llama);
  plan("merge_method: mod\nparameters: {weight: 0.5}\nmodels: [{model: a}, {model: b}]\n");
  EXPECT_TRUE(has_warning("hides"));
}

TEST_F(Checks, ConstantsWarn) {
  configs("\"rms_norm_eps\": 1e-6, \"max_position_embeddings\": 512, \"sliding_window\": 8",
          "\"rms_norm_eps\": 1e-5, \"max_position_embeddings\": 4096, \"sliding_window\": 16");
  EXPECT_TRUE(ok());
  EXPECT_TRUE(has_warning("rms_norm_eps differs: 1e-06 in a, 1e-05 in b"));
  EXPECT_TRUE(has_warning("max_position_embeddings differs: 512 in a, 4096 in b"));
  EXPECT_TRUE(has_warning("sliding_window"));
}

TEST_F(Checks, HeadsAndActivationsAreErrors) {
  configs("\"head_dim\": 2, \"hidden_act\": \"silu\"", "\"head_dim\": 1, \"hidden_act\": \"gelu\"");
  EXPECT_EQ(errors(), 2u) << all();
  EXPECT_TRUE(has_error("head_dim differs: 2 in a, 1 in b"));
  EXPECT_TRUE(has_error("hidden_act"));
  options_.allow_crimes = true;
  run();
  EXPECT_TRUE(ok());
  EXPECT_TRUE(has_warning("hidden_act"));
}

TEST_F(Checks, SpecialTokens) {
  configs("\"eos_token_id\": 2", "\"eos_token_id\": [2, 3]");
  EXPECT_TRUE(has_warning("special tokens differ"));
}

TEST_F(Checks, VocabulariesNameTheRule) {
  TinyLlama llama;
  model("a", llama);
  llama.vocab = 10;
  model("b", llama);
  run();
  EXPECT_TRUE(has_warning("cropped to the smallest"));
  plan("merge_method: ties\nbase_model: a\nparameters: {weight: 1}\nmodels: [{model: b}]\n");
  EXPECT_TRUE(has_warning("cropped to the base"));
}

TEST_F(Checks, Tokenizers) {
  model("a");
  model("b");
  const std::string tokenizer = R"({"model": {"vocab": {"x": 0, "y": 1}, "merges": ["x y"]}})";
  file("a/tokenizer.json", tokenizer);
  file("b/tokenizer.json", R"({"model": {"merges": [["x", "y"]], "vocab": {"y": 1, "x": 0}}})");
  run();
  EXPECT_TRUE(problems_.all().empty()) << "the same tokenizer, spelled differently\n" << all();
  file("b/tokenizer.json", R"({"model": {"vocab": {"x": 1, "y": 0}, "merges": ["x y"]}})");
  run();
  EXPECT_TRUE(has_warning("the tokenizers of a and b differ"));
  EXPECT_TRUE(has_warning("tokenizer_source"));
}

TEST_F(Checks, BrokenTokenizersDoNotStopTheOtherChecks) {
  TinyLlama llama;
  model("a", llama);
  llama.extra_config = "\"rope_theta\": 5.0";
  model("b", llama);
  file("a/tokenizer.json", "{}");
  file("b/tokenizer.json", "{\"model\": ");
  run();
  EXPECT_TRUE(ok());
  EXPECT_TRUE(has_warning("tokenizer.json"));
  EXPECT_TRUE(has_warning("rotary"));
}

TEST_F(Checks, ChatTemplates) {
  model("a");
  model("b");
  file("a/tokenizer_config.json", R"({"chat_template": "hello {{ x }}"})");
  file("b/chat_template.jinja", "hello {{ x }}\n");
  run();
  EXPECT_TRUE(problems_.all().empty()) << all();
  file("b/chat_template.jinja", "bye {{ x }}");
  run();
  EXPECT_TRUE(has_warning("chat templates of a and b differ"));
  EXPECT_TRUE(has_warning("the output gets the one of a"));
}

TEST_F(Checks, NamedChatTemplatesCountByTheirDefault) {
  file(
      "m/tokenizer_config.json",
      R"({"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": " d "}]})");
  EXPECT_EQ(chat_template(folder_ / "m"), "d");
  EXPECT_EQ(chat_template(folder_ / "nothing"), "");
}

TEST(TokenizerHash, SeesAddedTokensAndMerges) {
  auto hash = [](const char* json) { return tokenizer_hash(json, "t"); };
  const std::string plain = hash(R"({"model": {"vocab": {"a": 0}}})");
  EXPECT_NE(
      hash(R"({"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 1, "content": "<s>"}]})"),
      plain);
  EXPECT_NE(hash(R"({"model": {"vocab": {"a": 0}, "merges": ["a a"]}})"), plain);
  EXPECT_EQ(hash(R"({"added_tokens": [{"id": 1, "content": "b"}, {"id": 0, "content": "a"}]})"),
            hash(R"({"added_tokens": [{"content": "a", "id": 0}, {"content": "b", "id": 1}]})"));
  EXPECT_EQ(hash("[]"), hash("{}"));
  EXPECT_THROW(hash("{"), Error);
}

}  // namespace
}  // namespace mod::merge
