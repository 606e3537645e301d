#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cli/support.h"

namespace mod::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

nlohmann::json tensor_named(const nlohmann::json& json, const std::string& name) {
  for (const auto& tensor : json["tensors"]) {
    if (tensor["name"] == name) return tensor;
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

TEST(Inspect, SummarisesAModelFolder) {
  TempFolder folder;
  TinyLlama llama;
  llama.write(folder.path());
  write_text(folder / "tokenizer.json",
             R"({"added_tokens": [{"id": 2, "content": "<s>"}, {"id": 0, "content": "a"}],
                 "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}})");
  write_text(folder / "tokenizer_config.json", R"({"chat_template": "{{ messages }}"})");
  const nlohmann::json json = run_json({"inspect", folder.path().string()});
  EXPECT_EQ(json["architecture"], "LlamaForCausalLM");
  EXPECT_EQ(json["model_type"], "llama");
  EXPECT_EQ(json["layers"], 2);
  std::uint64_t parameters = 0;
  for (const TinyTensor& tensor : llama.tensors()) parameters += tensor.elements();
  EXPECT_EQ(json["parameters"], parameters);
  EXPECT_EQ(json["bytes"], 2 * parameters);
  EXPECT_EQ(json["dtypes"]["BF16"]["tensors"], llama.tensors().size());
  EXPECT_EQ(json["tokenizer"]["type"], "BPE");
  EXPECT_EQ(json["tokenizer"]["vocabulary"], 3);
  EXPECT_EQ(json["chat_template"], "tokenizer_config.json");
  ASSERT_EQ(json["tensors"].size(), llama.tensors().size());
  const auto embedding = tensor_named(json, "model.embed_tokens.weight");
  EXPECT_EQ(embedding["dtype"], "BF16");
  EXPECT_EQ(embedding["shape"], nlohmann::json({8, 4}));
  EXPECT_EQ(embedding["bytes"], 64);
  EXPECT_EQ(embedding["file"], "model.safetensors");
  EXPECT_FALSE(embedding.contains("statistics"));
}

TEST(Inspect, TextShowsTensorsAndSummary) {
  TempFolder folder;
  TinyLlama().write(folder.path());
  const ProcessResult result = run_mod({"inspect", folder.path().string()});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* part : {"model.layers.1.mlp.down_proj.weight", "4x6", "LlamaForCausalLM (llama)",
                           "tokenizer      none", "chat template  none", "layers         2"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  }
}

TEST(Inspect, AFileWithoutConfigIsEnough) {
  TempFolder folder;
  write_safetensors(folder / "w.safetensors", {{"x", DType::F32, {2}, {1, 2}}});
  const nlohmann::json json = run_json({"inspect", (folder / "w.safetensors").string()});
  EXPECT_EQ(json["architecture"], nullptr);
  EXPECT_EQ(json["layers"], nullptr);
  EXPECT_EQ(json["tokenizer"], nullptr);
  EXPECT_EQ(json["parameters"], 2);
}

TEST(Inspect, StatisticsAreThoseOfTheFiniteElements) {
  TempFolder folder;
  write_checkpoint(folder.path(), "",
                   {{"plain", DType::F32, {2, 3}, {-1, 0, 2, 4, 0, 1}},
                    {"broken", DType::BF16, {5}, {kNan, 3, kInf, -kInf, 1}},
                    {"hopeless", DType::F16, {2}, {kInf, kInf}},
                    {"wide", DType::F64, {4}, {1e30f, -1e30f, 0.5f, 0}},
                    {"integers", DType::I32, {3}, {-7, 0, 4}},
                    {"empty", DType::F32, {0}, {}}});
  const nlohmann::json json = run_json({"inspect", folder.path().string(), "--stats"});
  const auto plain = tensor_named(json, "plain")["statistics"];
  EXPECT_EQ(plain["min"], -1);
  EXPECT_EQ(plain["max"], 4);
  EXPECT_DOUBLE_EQ(plain["mean"], 1);
  EXPECT_DOUBLE_EQ(plain["std"], std::sqrt(16.0 / 6));  // 22/6 - 1
  EXPECT_DOUBLE_EQ(plain["norm"], std::sqrt(22.0));
  EXPECT_EQ(plain["zeros"], 2);
  const auto broken = tensor_named(json, "broken")["statistics"];
  EXPECT_EQ(broken["nan"], 1);
  EXPECT_EQ(broken["inf"], 2);
  EXPECT_EQ(broken["min"], 1);
  EXPECT_EQ(broken["max"], 3);
  EXPECT_DOUBLE_EQ(broken["mean"], 2);
  EXPECT_DOUBLE_EQ(broken["std"], 1);
  const auto hopeless = tensor_named(json, "hopeless")["statistics"];
  EXPECT_EQ(hopeless["mean"], nullptr);
  EXPECT_EQ(hopeless["inf"], 2);
  const auto wide = tensor_named(json, "wide")["statistics"];
  EXPECT_EQ(wide["max"].get<double>(), static_cast<double>(1e30f));
  EXPECT_EQ(wide["zeros"], 1);
  const auto integers = tensor_named(json, "integers")["statistics"];
  EXPECT_EQ(integers["min"], -7);
  EXPECT_DOUBLE_EQ(integers["mean"], -1);
  EXPECT_EQ(tensor_named(json, "empty")["statistics"]["mean"], nullptr);
}

TEST(Inspect, StatisticsKeepASmallSpreadFarFromZeroAndDoNotDependOnThreads) {
  TempFolder folder;
  // 2.5 million elements: several blocks. Mean 1000.25, deviation 0.25: sums of squares would lose
  // it.
  write_checkpoint(folder.path(), "", {{"x", DType::F32, {2500, 1000}, {1000, 1000.5f}}});
  const std::vector<std::string> command = {"inspect", folder.path().string(), "--stats", "--json"};
  std::vector<std::string> one = command, three = command;
  one.insert(one.end(), {"--threads", "1"});
  three.insert(three.end(), {"--threads", "3"});
  const ProcessResult a = run_mod(one), b = run_mod(three, {{{"MOD_ISA", "scalar"}}, {}});
  EXPECT_EQ(a.exit_code, 0);
  EXPECT_EQ(a.out, b.out);
  const auto statistics = nlohmann::json::parse(a.out)["tensors"][0]["statistics"];
  EXPECT_NEAR(statistics["mean"].get<double>(), 1000.25, 1e-9);
  EXPECT_NEAR(statistics["std"].get<double>(), 0.25, 1e-9);
}

TEST(Inspect, ABrokenFileIsRefusedWithItsName) {
  TempFolder folder;
  TinyLlama().write(folder.path());
  std::string bytes = read_text(folder / "model.safetensors");
  write_text(folder / "model.safetensors", bytes.substr(0, bytes.size() - 1));
  expect_refused({"inspect", folder.path().string()}, {"model.safetensors"});
  bytes[0] = '\xff';
  bytes[5] = '\x7f';
  write_text(folder / "model.safetensors", bytes);
  expect_refused({"inspect", folder.path().string()}, {"model.safetensors"});
}

TEST(Inspect, MissingModelsAndRecipesAreRefused) {
  TempFolder folder;
  expect_refused({"inspect", (folder / "absent").string()}, {"absent"});
  expect_refused({"inspect", folder.path().string()}, {folder.path().string()});
  write_text(folder / "recipe.yml", "merge_method: linear\n");
  expect_refused({"inspect", (folder / "recipe.yml").string()}, {"not supported yet"});
}

TEST(Inspect, BrokenJsonBesideTheWeightsIsRefused) {
  TempFolder folder;
  TinyLlama().write(folder.path());
  write_text(folder / "tokenizer.json", "{\"model\": ");
  expect_refused({"inspect", folder.path().string()}, {"tokenizer.json"});
}

TEST(Inspect, ConfigsOfWrongTypesDoNoHarm) {
  TempFolder folder;
  write_checkpoint(folder.path(),
                   R"({"architectures": "x", "model_type": 3, "num_hidden_layers": "many"})",
                   {{"x", DType::F32, {1}, {1}}});
  write_text(folder / "tokenizer.json", R"({"model": [], "added_tokens": {"a": 1}})");
  const nlohmann::json json = run_json({"inspect", folder.path().string()});
  EXPECT_EQ(json["architecture"], nullptr);
  EXPECT_EQ(json["layers"], nullptr);
  EXPECT_EQ(json["tokenizer"]["vocabulary"], nullptr);
}

}  // namespace
}  // namespace mod::testing
