// Whole merges of real models by the real program.
#include <cmath>

#include "e2e/support.h"
#include "support/tiny_model.h"

namespace mod::testing {
namespace {

class Merge : public ::testing::Test {
 protected:
  fs::path recipe(const std::string& text, const std::string& name = "recipe.yml") {
    write_text(folder_ / name, text);
    return folder_ / name;
  }
  ProcessResult merge(const std::string& text, const std::string& out,
                      std::vector<std::string> options = {}, const ProcessOptions& process = {}) {
    std::vector<std::string> arguments = {"merge", recipe(text, out + ".yml").string(),
                                          (folder_ / out).string(), "-q"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return mod_program(arguments, process);
  }
  std::string weights(const std::string& out) {
    return read_text(folder_ / out / "model.safetensors");
  }

  TempFolder folder_;
};

/// The MoD repository's own file form on the specialists: counts of an independent run of the
/// published rule in bf16 arithmetic (docs/methods.md).
struct ReferenceRow {
  const char *first, *second;
  int taken, different;
  double moved;  // |merged - first| / |second - first| over the MLP tensors
};

constexpr ReferenceRow kReferenceRows[] = {
    {"base", "math", 380, 334, 0.01495},   {"base", "code", 380, 327, 0.01583},
    {"base", "french", 380, 335, 0.01400}, {"math", "code", 430, 395, 0.01636},
    {"math", "french", 430, 398, 0.01620}, {"code", "math", 410, 376, 0.01528},
    {"french", "math", 395, 363, 0.01365}};

class ModReference : public Merge, public ::testing::WithParamInterface<ReferenceRow> {};

TEST_P(ModReference, SpecialistsGiveThePublishedRulesNumbers) {
  const ReferenceRow row = GetParam();
  const std::string text = "base_model: " + specialist(row.first) +
                           "\nexperts:\n  - source_model: " + specialist(row.first) +
                           "\n  - source_model: " + specialist(row.second) +
                           "\nmodel_kwargs:\n  - trust_remote_code: true\nweights: [0.9, 0.1]\n";
  ASSERT_EQ(merge(text, "out").exit_code, 0);
  const auto merged = read_model(folder_ / "out"), first = read_model(specialist(row.first)),
             second = read_model(specialist(row.second));
  int different = 0;
  double moved = 0, apart = 0;
  for (const auto& [name, tensor] : merged) {
    if (name.find("mlp") == std::string::npos) {
      EXPECT_EQ(tensor.bytes, first.at(name).bytes) << name;
      continue;
    }
    for (std::size_t i = 0; i < tensor.bytes.size() / 2; ++i) {
      const double y = bf16_value(tensor.bytes, i), a = bf16_value(first.at(name).bytes, i),
                   b = bf16_value(second.at(name).bytes, i);
      different += y != a;
      moved += (y - a) * (y - a);
      apart += (b - a) * (b - a);
    }
  }
  EXPECT_EQ(different, row.different);
  EXPECT_NEAR(std::sqrt(moved / apart), row.moved, 0.5e-5);
  const auto totals = read_json(folder_ / "out/mod_report.json")["totals"];
  EXPECT_EQ(totals["merged_elements"], 1769472);
  EXPECT_EQ(totals["taken"][specialist(row.second)], row.taken);
}

INSTANTIATE_TEST_SUITE_P(Specialists, ModReference, ::testing::ValuesIn(kReferenceRows),
                         [](const auto& param_info) {
                           return std::string(param_info.param.first) + "_" +
                                  param_info.param.second;
                         });

TEST_F(Merge, BytesDoNotDependOnThreadsMemoryTilesOrInstructionSet) {
  for (const auto& [name, text] : all_recipes()) {
    SCOPED_TRACE(name);
    ASSERT_EQ(merge(text, "one", {"--threads", "1", "--overwrite"}).exit_code, 0);
    const std::string expected = weights("one");
    ASSERT_EQ(merge(text, "many", {"--threads", "5", "--overwrite", "--memory", "160M"}).exit_code,
              0);
    EXPECT_TRUE(weights("many") == expected) << "5 threads, 160 MB";
    for (const char* isa : {"scalar", "avx2", "avx512"}) {
      const ProcessResult run = merge(text, "isa", {"--overwrite"}, {{{"MOD_ISA", isa}}, {}});
      if (run.exit_code == 2 && run.err.find("MOD_ISA") != std::string::npos)
        continue;  // not on this machine
      ASSERT_EQ(run.exit_code, 0) << run.err;
      EXPECT_TRUE(weights("isa") == expected) << isa;
    }
  }
}

TEST_F(Merge, ShardsHoldTheSameTensorsAndTheIndexNamesThem) {
  const std::string text = delta_recipe("ties");
  ASSERT_EQ(merge(text, "single").exit_code, 0);
  ASSERT_EQ(merge(text, "sharded", {"--out-shard-size", "1500K"}).exit_code, 0);
  const auto single = read_model(folder_ / "single"), sharded = read_model(folder_ / "sharded");
  ASSERT_EQ(single.size(), sharded.size());
  for (const auto& [name, tensor] : single)
    EXPECT_TRUE(tensor.bytes == sharded.at(name).bytes) << name;
  EXPECT_FALSE(fs::exists(folder_ / "sharded/model.safetensors"));
  const auto index = read_json(folder_ / "sharded/model.safetensors.index.json");
  std::uint64_t total = 0;
  for (const auto& [name, tensor] : sharded) {
    total += tensor.bytes.size();
    const std::string file = index["weight_map"][name];
    EXPECT_TRUE(read_safetensors(folder_ / "sharded" / file).contains(name));
  }
  EXPECT_EQ(index["metadata"]["total_size"], total);
  EXPECT_EQ(mod_program({"verify", (folder_ / "sharded").string()}).exit_code, 0);
}

TEST_F(Merge, IdenticalInputsComeBackIdentical) {
  const auto base = read_model(specialist("base"));
  fs::copy(specialist("base"), folder_ / "twin");
  fs::copy(specialist("base"), folder_ / "twin2");
  const std::string a = (folder_ / "twin").string(), b = (folder_ / "twin2").string();
  std::map<std::string, std::string> recipes;
  for (const char* m : {"linear", "nuslerp", "mod"}) recipes[m] = pair_recipe(m, a, b, 0.3);
  recipes["slerp"] = "merge_method: slerp\nbase_model: " + a + "\nmodels:\n- model: " + a +
                     "\n- model: " + b + "\nparameters: {t: 0.35}\n";
  for (const char* m :
       {"ties", "task_arithmetic", "dare_ties", "della", "breadcrumbs", "model_stock"}) {
    recipes[m] = std::string("merge_method: ") + m + "\nbase_model: " + specialist("base") +
                 "\nmodels:\n- model: " + a + "\n- model: " + b +
                 "\nparameters: {weight: 0.5, density: 0.5}\n";
  }
  for (const auto& [name, text] : recipes) {
    SCOPED_TRACE(name);
    ASSERT_EQ(merge(text, "same", {"--overwrite"}).exit_code, 0);
    for (const auto& [tensor, merged] : read_model(folder_ / "same")) {
      EXPECT_TRUE(merged.bytes == base.at(tensor).bytes) << tensor;
    }
  }
}

TEST_F(Merge, LinearIsTheWeightedMeanRoundedOnce) {
  ASSERT_EQ(
      merge(pair_recipe("linear", specialist("math"), specialist("code"), 0.75), "out").exit_code,
      0);
  const auto merged = read_model(folder_ / "out"), a = read_model(specialist("math")),
             b = read_model(specialist("code"));
  for (const auto& [name, tensor] : merged) {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < tensor.bytes.size() / 2; ++i) {
      // 0.75 and 0.25 are exact, and so are the products in double.
      const double exact =
          0.75 * bf16_value(a.at(name).bytes, i) + 0.25 * bf16_value(b.at(name).bytes, i);
      std::uint16_t bits;
      std::memcpy(&bits, tensor.bytes.data() + 2 * i, 2);
      wrong += bits != bf16_bits(static_cast<float>(exact));
    }
    EXPECT_EQ(wrong, 0u) << name;
  }
}

TEST_F(Merge, StackedSlicesRenumberLayersAndConfig) {
  const std::string math = specialist("math"), code = specialist("code");
  const std::string text = "merge_method: passthrough\nslices:\n- sources: [{model: " + math +
                           ", layer_range: [0, 4]}]\n- sources: [{model: " + code +
                           ", layer_range: [2, 6]}]\n";
  ASSERT_EQ(merge(text, "out").exit_code, 0);
  EXPECT_EQ(read_json(folder_ / "out/config.json")["num_hidden_layers"], 8);
  const auto merged = read_model(folder_ / "out"), from_code = read_model(code),
             from_math = read_model(math);
  EXPECT_EQ(merged.at("model.layers.5.mlp.up_proj.weight").bytes,
            from_code.at("model.layers.3.mlp.up_proj.weight").bytes);
  EXPECT_EQ(merged.at("model.embed_tokens.weight").bytes,
            from_math.at("model.embed_tokens.weight").bytes);
  EXPECT_EQ(merged.at("model.norm.weight").bytes, from_code.at("model.norm.weight").bytes);
}

TEST_F(Merge, IntegersThatDifferAreTheDonorsAndAreWarnedOf) {
  for (const float value : {3.0f, 5.0f}) {
    auto tensors = TinyLlama{}.tensors();
    tensors.push_back({"model.layers.0.self_attn.q_proj.bias", DType::I64, {2, 3}, {1, value}});
    tensors.push_back({"model.layers.1.self_attn.q_proj.bias", DType::I64, {2, 3}, {1, 2}});
    write_checkpoint(folder_ / (value == 3 ? "a" : "b"), TinyLlama{}.config(), tensors);
  }
  const auto merge_them = [&](const std::string& out) {
    return mod_program(
        {"merge",
         recipe("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n"
                "- {model: b, parameters: {weight: 1}}\n")
             .string(),
         (folder_ / out).string()});
  };
  const ProcessResult run = merge_them("out");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.err.find("1 integer tensor (model.layers.0.self_attn.q_proj.bias) differs"),
            std::string::npos)
      << run.err;
  EXPECT_EQ(read_model(folder_ / "out").at("model.layers.0.self_attn.q_proj.bias").bytes,
            read_model(folder_ / "a").at("model.layers.0.self_attn.q_proj.bias").bytes);
  const auto report = read_json(folder_ / "out/mod_report.json");
  for (const auto& tensor : report["tensors"]) {
    const bool differs = tensor["name"] == "model.layers.0.self_attn.q_proj.bias";
    EXPECT_EQ(tensor.value("differing", 0), differs ? 3 : 0) << tensor["name"];
  }
}

TEST_F(Merge, EveryExampleRecipeMergesAndVerifies) {
  for (const auto& entry : fs::directory_iterator(kSource / "examples/recipes")) {
    if (entry.path().extension() != ".yml") continue;
    SCOPED_TRACE(entry.path().filename());
    const std::string out = (folder_ / entry.path().stem().string()).string();
    const ProcessResult run = mod_program({"merge", entry.path().string(), out, "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_GT(nlohmann::json::parse(run.out)["merged_elements"], 0);
    EXPECT_EQ(mod_program({"verify", out}).exit_code, 0);
  }
}

}  // namespace
}  // namespace mod::testing
