#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <set>
#include <thread>

#include "checkpoint/model_folder.h"
#include "cli/support.h"

namespace mod::testing {
namespace {

namespace fs = std::filesystem;

/// Small enough for a test: one layer of the real shape (30 MB), 300 rows of embeddings.
std::vector<std::string> command(const fs::path& out, const std::vector<std::string>& extra = {}) {
  std::vector<std::string> words = {"bench", "make-model",   "--like", "qwen2.5-0.5b", "--layers",
                                    "1",     "--vocabulary", "300",    out.string()};
  words.insert(words.end(), extra.begin(), extra.end());
  return words;
}

void make(const fs::path& out, const std::vector<std::string>& extra = {},
          const ProcessOptions& options = {}) {
  const ProcessResult result = run_mod(command(out, extra), options);
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

checkpoint::ModelFolder open(const fs::path& folder) {
  Problems notes;
  return checkpoint::open_model(folder, notes);
}

nlohmann::json json_file(const fs::path& path) { return nlohmann::json::parse(read_text(path)); }

TEST(MakeModel, TheSameSeedGivesTheSameBytesForAnyThreadsAndInstructionSet) {
  TempFolder folder;
  make(folder / "a", {"--seed", "7", "-j", "1"});
  make(folder / "b", {"--seed", "7", "-j", "3"}, {{{"MOD_ISA", "scalar"}}, {}});
  make(folder / "c", {"--seed", "8"});
  const std::string a = read_text(folder / "a" / "model.safetensors");
  EXPECT_TRUE(a == read_text(folder / "b" / "model.safetensors"));
  EXPECT_FALSE(a == read_text(folder / "c" / "model.safetensors"));
  EXPECT_EQ(read_text(folder / "a" / "tokenizer.json"), read_text(folder / "c" / "tokenizer.json"));
}

TEST(MakeModel, ShapesAndConfigAreThoseOfTheRealModel) {
  TempFolder folder;
  make(folder / "m");
  const auto model = open(folder / "m");
  EXPECT_EQ(model.weights->tensors().size(), 14u);  // tied: no lm_head
  const std::vector<std::pair<std::string, std::vector<std::int64_t>>> expected = {
      {"model.embed_tokens.weight", {300, 896}},
      {"model.layers.0.self_attn.q_proj.weight", {896, 896}},
      {"model.layers.0.self_attn.q_proj.bias", {896}},
      {"model.layers.0.self_attn.k_proj.weight", {128, 896}},
      {"model.layers.0.self_attn.v_proj.bias", {128}},
      {"model.layers.0.mlp.down_proj.weight", {896, 4864}},
      {"model.layers.0.post_attention_layernorm.weight", {896}},
      {"model.norm.weight", {896}}};
  for (const auto& [name, shape] : expected) {
    const auto* tensor = model.weights->find(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(tensor->shape, shape) << name;
    EXPECT_EQ(tensor->dtype, DType::BF16);
  }
  const auto config = json_file(folder / "m" / "config.json");
  EXPECT_EQ(config["architectures"], nlohmann::json::array({"Qwen2ForCausalLM"}));
  EXPECT_EQ(config["num_hidden_layers"], 1);
  EXPECT_EQ(config["num_key_value_heads"], 2);
  EXPECT_EQ(config["rope_theta"], 1e6);
  EXPECT_EQ(config["tie_word_embeddings"], true);
  EXPECT_EQ(config["eos_token_id"], 258);
  EXPECT_TRUE(fs::exists(folder / "m" / "generation_config.json"));
}

TEST(MakeModel, ThePapersPairDiffersInItsRotaryEmbedding) {
  TempFolder folder;
  for (const char* name : {"qwen2.5-1.5b-instruct", "qwen2.5-math-1.5b-instruct"}) {
    const ProcessResult result =
        run_mod({"bench", "make-model", "--like", name, "--layers", "1", "--hidden", "48",
                 "--vocabulary", "300", (folder / name).string()});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  const auto general = json_file(folder / "qwen2.5-1.5b-instruct" / "config.json");
  const auto math = json_file(folder / "qwen2.5-math-1.5b-instruct" / "config.json");
  EXPECT_EQ(general["rope_theta"], 1e6);
  EXPECT_EQ(general["max_position_embeddings"], 32768);
  EXPECT_EQ(math["rope_theta"], 1e4);
  EXPECT_EQ(math["max_position_embeddings"], 4096);
  EXPECT_EQ(math["num_attention_heads"], 12);
  EXPECT_EQ(math["hidden_size"], 48);
  EXPECT_EQ(math["intermediate_size"], 280);  // 8960 / 32
  const auto model = open(folder / "qwen2.5-math-1.5b-instruct");
  EXPECT_EQ(model.weights->find("model.layers.0.mlp.up_proj.weight")->shape,
            (std::vector<std::int64_t>{280, 48}));
}

TEST(MakeModel, WeightsLookLikeWeights) {
  TempFolder folder;
  make(folder / "m");
  const auto json = run_json({"inspect", (folder / "m").string(), "--stats"});
  for (const auto& tensor : json["tensors"]) {
    const auto& s = tensor["statistics"];
    const double n = tensor["elements"].get<double>();
    const bool norm = tensor["name"].get<std::string>().find("norm") != std::string::npos;
    // Five standard errors; norms are rounded to steps of 2^-8 near one.
    EXPECT_NEAR(s["mean"].get<double>(), norm ? 1 : 0, 5 * 0.02 / std::sqrt(n)) << tensor["name"];
    EXPECT_NEAR(s["std"].get<double>(), 0.02, 0.1 / std::sqrt(2 * n) + 1e-3 * norm)
        << tensor["name"];
    EXPECT_LT(s["max"].get<double>(), norm ? 1.08 : 0.08);
  }
}

TEST(MakeModel, VariantsAreSmallStepsFromTheBase) {
  TempFolder folder;
  make(folder / "v", {"--variants", "2", "--share-embeddings"});
  make(folder / "m");
  EXPECT_TRUE(read_text(folder / "m" / "model.safetensors") ==
              read_text(folder / "v" / "base" / "model.safetensors"));
  const auto path = [&](const char* name) { return (folder / "v" / name).string(); };
  for (const auto& [a, b, least, most] : {std::tuple{"base", "ft1", 0.994, 0.996},
                                          {"base", "ft2", 0.994, 0.996},
                                          {"ft1", "ft2", 0.989, 0.991}}) {
    const auto json = run_json({"diff", path(a), path(b)});
    EXPECT_EQ(json["differing_tensors"], 13) << a << b;
    for (const auto& tensor : json["per_tensor"]) {
      if (tensor["name"] == "model.embed_tokens.weight") {
        EXPECT_EQ(tensor["status"], "equal");
      }
      if (tensor["name"] != "model.layers.0.mlp.up_proj.weight") continue;
      EXPECT_GT(tensor["cosine"],
                least);  // 1 / sqrt(1 + (0.002 / 0.02)^2) = 0.99504, squared 0.9901
      EXPECT_LT(tensor["cosine"], most);
      EXPECT_LT(tensor["max_abs"], 0.016);
    }
  }
}

TEST(MakeModel, ShardsAreNamedAndIndexedAsHuggingFaceDoes) {
  TempFolder folder;
  make(folder / "s", {"--out-shard-size", "13M"});
  make(folder / "m");
  const auto index = json_file(folder / "s" / "model.safetensors.index.json");
  std::set<std::string> files;
  for (const auto& [name, file] : index["weight_map"].items()) files.insert(file);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(*files.begin(), "model-00001-of-00003.safetensors");
  EXPECT_EQ(index["metadata"]["total_size"], open(folder / "m").weights->total_bytes());
  EXPECT_EQ(
      run_json({"diff", (folder / "s").string(), (folder / "m").string()})["differing_tensors"], 0);
}

TEST(MakeModel, TheTokenizerHasATokenForEveryByte) {
  TempFolder folder;
  make(folder / "m");
  const auto json = json_file(folder / "m" / "tokenizer.json");
  const auto& vocab = json["model"]["vocab"];
  ASSERT_EQ(vocab.size(), 256u);
  std::set<int> ids;
  for (const auto& [text, id] : vocab.items()) ids.insert(id.get<int>());
  EXPECT_EQ(ids.size(), 256u);
  EXPECT_EQ(*ids.rbegin(), 255);
  // Fixed points of the byte-level alphabet, as in every GPT-2 vocabulary.
  EXPECT_EQ(vocab["A"], 'A');
  EXPECT_EQ(vocab["\u0120"], ' ');
  EXPECT_EQ(vocab["\u010A"], '\n');
  EXPECT_EQ(vocab["\u0100"], 0);
  EXPECT_EQ(vocab["\u0143"], 0xAD);
  EXPECT_EQ(vocab["\u00FF"], 0xFF);
  ASSERT_EQ(json["added_tokens"].size(), 3u);
  EXPECT_EQ(json["added_tokens"][1]["content"], "<|im_start|>");
  EXPECT_EQ(json["added_tokens"][2]["id"], 258);
  const auto config = json_file(folder / "m" / "tokenizer_config.json");
  EXPECT_NE(config["chat_template"].get<std::string>().find("<|im_start|>"), std::string::npos);
  const auto summary = run_json({"inspect", (folder / "m").string()});
  EXPECT_EQ(summary["tokenizer"]["vocabulary"], 259);
  EXPECT_EQ(summary["chat_template"], "tokenizer_config.json");
}

TEST(MakeModel, AnotherTokenizerIsCopiedAndItsIdsAreUsed) {
  TempFolder folder;
  const std::string tokenizer =
      R"({"added_tokens": [{"id": 5, "content": "<|im_end|>"}, {"id": 4, "content": "<|endoftext|>"}],
          "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})";
  write_text(folder / "t" / "tokenizer.json", tokenizer);
  write_text(folder / "t" / "config.json", "not to be copied");
  make(folder / "m", {"--tokenizer", (folder / "t").string()});
  EXPECT_EQ(read_text(folder / "m" / "tokenizer.json"), tokenizer);
  EXPECT_FALSE(fs::exists(folder / "m" / "tokenizer_config.json"));
  EXPECT_EQ(json_file(folder / "m" / "config.json")["eos_token_id"], 5);
  write_text(folder / "t" / "tokenizer.json", R"({"model": {"vocab": {"a": 300}}})");
  expect_refused(command(folder / "n", {"--tokenizer", (folder / "t").string()}), {"300"});
  EXPECT_FALSE(fs::exists(folder / "n"));
  expect_refused(command(folder / "n", {"--tokenizer", (folder / "m2").string()}),
                 {"no tokenizer"});
}

TEST(MakeModel, WrongOptionsAreRefusedBeforeAnythingIsWritten) {
  TempFolder folder;
  const std::string out = (folder / "m").string();
  expect_refused({"bench", "make-model", out}, {"--like is required"});
  expect_refused({"bench", "make-model", "--like", "qwen2.5-5b", out},
                 {"'qwen2.5-5b'", "qwen2.5-0.5b"});
  expect_refused(command(out, {"--out-shard-size", "big"}), {"'big'"});
  expect_refused(command(out, {"--share-embeddings"}), {"--variants"});
  expect_refused(command(out, {"--hidden", "30"}), {"14 heads", "multiple of 28"});
  expect_refused({"bench", "make-model", "--like", "qwen2.5-0.5b", "--vocabulary", "100", out},
                 {"100"});
  expect_refused({"bench", "make-model", "--like", "qwen2.5-7b", "--variants", "1000", out},
                 {"free"});
  EXPECT_FALSE(fs::exists(folder / "m"));
}

TEST(MakeModel, AFolderWithWeightsNeedsOverwrite) {
  TempFolder folder;
  make(folder / "m", {"--seed", "1"});
  const std::string before = read_text(folder / "m" / "model.safetensors");
  const ProcessResult refused = run_mod(command(folder / "m"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(before == read_text(folder / "m" / "model.safetensors"));
  make(folder / "m", {"--overwrite"});
  EXPECT_FALSE(before == read_text(folder / "m" / "model.safetensors"));
}

TEST(MakeModel, CtrlCLeavesNothingThatLooksFinished) {
  TempFolder folder, output;
  const fs::path out = folder / "m";
  const pid_t child = start_process(
      {MOD_PROGRAM, "bench", "make-model", "--like", "qwen2.5-0.5b", "-j", "1", out.string()}, {},
      output.path());
  bool started = false;
  for (int i = 0; i < 5000 && !started; ++i) {
    started = fs::exists(out) && !fs::is_empty(out);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, SIGINT);
  const ProcessResult result = finish_process(child, output.path());
  ASSERT_TRUE(started);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("stopped by the user"), std::string::npos) << result.err;
  EXPECT_TRUE(!fs::exists(out) || fs::is_empty(out));
}

}  // namespace
}  // namespace mod::testing
