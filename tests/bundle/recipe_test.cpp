// A recipe is a model: run in memory it is, bit for bit, what `mod merge` writes.
#include <algorithm>
#include <cstring>

#include "bundle/support.h"
#include "merge/plan_source.h"

namespace mod::bundle::testing {
namespace {

/// Tensors under test are held in the same types and hold the same bytes, and so do the logits.
void expect_equal(const Bundle& memory, const Bundle& disk) {
  EXPECT_EQ(memory.model().spec(), disk.model().spec());
  EXPECT_EQ(memory.model().weight_bytes(), disk.model().weight_bytes());
  EXPECT_EQ(memory.generation, disk.generation);
  const std::vector<float> ours = logits(memory), theirs = logits(disk);
  ASSERT_EQ(ours.size(), theirs.size());
  EXPECT_EQ(std::memcmp(ours.data(), theirs.data(), ours.size() * sizeof(float)), 0);
}

void expect_as_merged(const fs::path& recipe) {
  TempFolder folder;
  merge_to_disk(recipe, folder / "out");
  const Bundle disk = open(folder / "out");
  for (int threads = 1; threads <= 4; ++threads) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    expect_equal(Opener(test_context(threads), {}).open(recipe.string()), disk);
  }
}

class Examples : public ::testing::TestWithParam<std::string> {};

TEST_P(Examples, GivesTheBitsOfTheMergedFolder) {
  expect_as_merged(kExamples / "recipes" / (GetParam() + ".yml"));
}

INSTANTIATE_TEST_SUITE_P(Recipes, Examples,
                         ::testing::Values("breadcrumbs", "breadcrumbs_ties", "dare_linear",
                                           "dare_ties", "della", "della_linear", "linear", "mod",
                                           "mod-random", "mod-rank", "model_stock", "nuslerp",
                                           "passthrough", "slerp", "task_arithmetic", "ties"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class Recipes : public ::testing::Test {
 protected:
  fs::path write(const std::string& yaml) {
    write_text(folder_ / "recipe.yml", yaml);
    return folder_ / "recipe.yml";
  }

  TempFolder folder_;
};

std::string linear_of(const std::string& a, const std::string& b, const std::string& rest = "") {
  return "merge_method: linear\nmodels:\n  - model: " + a + "\n    parameters: {weight: 0.3}\n" +
         "  - model: " + b + "\n    parameters: {weight: 0.7}\n" + rest;
}

TEST_F(Recipes, OtherTypesAreRoundedAsOnDisk) {
  for (const char* dtype : {"float32", "float16", "bfloat16"}) {
    SCOPED_TRACE(dtype);
    expect_as_merged(write(linear_of(specialist("math"), specialist("code"),
                                     std::string("dtype: float32\nout_dtype: ") + dtype + "\n")));
  }
}

TEST_F(Recipes, ConversionWithoutAMethodIsNoPlainCopy) {
  expect_as_merged(write("merge_method: passthrough\nmodels: [{model: " + specialist("math") +
                         "}]\ndtype: float32\n"));
}

TEST_F(Recipes, StackedLayers) {
  const std::string yaml =
      "merge_method: passthrough\nslices:\n  - sources: [{model: " + specialist("math") +
      ", layer_range: [0, 3]}]\n  - sources: [{model: " + specialist("code") +
      ", layer_range: [1, 4]}]\ndtype: bfloat16\n";
  expect_as_merged(write(yaml));
  EXPECT_EQ(open(folder_ / "recipe.yml").model().layers().size(), 6u);
}

TEST_F(Recipes, EveryArchitecture) {
  for (const char* name : {"gemma2", "gemma3", "granite", "llama", "mistral-nemo", "mixtral",
                           "olmo2", "phi3", "qwen2", "qwen2-moe", "qwen3", "qwen3-moe"}) {
    SCOPED_TRACE(name);
    const std::string model = (kTiny / name).string();
    expect_as_merged(write(linear_of(model, model, "dtype: bfloat16\n")));
  }
}

TEST_F(Recipes, TextAndSettingsComeFromTheDonor) {
  const Bundle merged = open(kExamples / "recipes/ties.yml");
  const Bundle base = open(specialist("base"));
  EXPECT_EQ(merged.kind, Kind::kRecipe);
  EXPECT_EQ(merged.generation, base.generation);
  EXPECT_EQ(merged.generation.end_tokens, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(merged.need_tokenizer().encode("What is 3 + 4?", true),
            base.need_tokenizer().encode("What is 3 + 4?", true));
  const auto chat = text::ChatTemplate::Json::parse(R"([{"role": "user", "content": "Hi"}])");
  EXPECT_EQ(merged.need_chat_template().render(chat), base.need_chat_template().render(chat));
}

TEST_F(Recipes, SetOverridesAValue) {
  const fs::path recipe = write(linear_of(specialist("math"), specialist("code")));
  const Bundle all_math =
      open(recipe, {}, {"models[0].parameters.weight=1", "models[1].parameters.weight=0"});
  EXPECT_EQ(logits(all_math), logits(open(specialist("math"))));
  EXPECT_NE(logits(open(recipe)), logits(open(specialist("math"))));
  EXPECT_TRUE(says(error_of([&] { open(recipe, {}, {"no value"}); }), "KEY=VALUE"));
}

TEST_F(Recipes, CopiedTensorsAreSharedWithTheirModel) {
  Opener opener(test_context(), {});
  const fs::path recipe =
      write("merge_method: passthrough\nmodels: [{model: " + specialist("math") + "}]\n");
  const Bundle folder = opener.open(specialist("math"));
  const Bundle merged = opener.open(recipe.string());
  EXPECT_EQ(folder.model().tensors(), merged.model().tensors());
}

TEST_F(Recipes, AllErrorsOfARecipeAreOne) {
  const fs::path recipe = write(linear_of("nowhere-a", "nowhere-b", "colour: red\n"));
  const Error error = error_of([&] { open(recipe); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "nowhere-a"));
  EXPECT_TRUE(says(error, "nowhere-b"));
}

TEST_F(Recipes, AMixtureIsKnownByItsKeyWhateverElseItHas) {
  const fs::path file = write("models: []\nmixture: {}\n");
  EXPECT_EQ(resolve_argument(file.string()).kind, Kind::kMixture);
  const Error error = error_of([&] { open(file); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "'experts'"));
}

TEST_F(Recipes, BrokenYamlIsReportedAsARecipe) {
  const Error error = error_of([&] { open(write("merge_method: [\n")); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "recipe.yml:"));
}

TEST_F(Recipes, AResultWithoutAConfigCannotRun) {
  copy_model(specialist("math"), folder_ / "plain");
  fs::remove(folder_ / "plain/config.json");
  const Error error = error_of([&] { open(write(linear_of("plain", "plain"))); });
  EXPECT_TRUE(says(error, "config.json"));
}

TEST_F(Recipes, MemoryIsCheckedBeforeTheMerge) {
  OpenOptions options;
  options.memory = 1 << 20;
  const Error error = error_of([&] { open(kExamples / "recipes/ties.yml", options); });
  EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
  EXPECT_TRUE(says(error, "4.89 MiB"));
  EXPECT_TRUE(says(error, "1.00 MiB"));
}

class PlanSources : public Recipes {
 protected:
  merge::Plan plan(const std::string& recipe) {
    Problems problems;
    merge::Plan out = merge::load_plan(kExamples / "recipes" / recipe, {}, {}, problems);
    problems.throw_if_errors();
    return out;
  }
};

TEST_F(PlanSources, StopsWhenAskedAndStaysStopped) {
  std::atomic<bool> stop{true};
  Context context = test_context();
  context.cancelled = &stop;
  const merge::PlanSource source(plan("ties.yml"), "ties", 512 << 20, context);
  const auto look = [&] { source.view(source.tensors().front()); };
  EXPECT_EQ(error_of(look).code(), ErrorCode::kCancelled);
  stop = false;
  EXPECT_EQ(error_of(look).code(), ErrorCode::kCancelled);
}

TEST_F(PlanSources, AStoppedContextStopsOpening) {
  std::atomic<bool> stop{true};
  Context context = test_context();
  context.cancelled = &stop;
  Opener opener(context, {});
  const Error error = error_of([&] { opener.open((kExamples / "recipes/ties.yml").string()); });
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
}

TEST_F(PlanSources, MergesWhatIsWantedAndTheRestLater) {
  const merge::PlanSource source(plan("ties.yml"), "ties", 512 << 20, test_context());
  const weights::WeightInfo &first = source.tensors()[0], &last = source.tensors().back();
  source.will_need(first);
  const std::span<const std::byte> view = source.view(first);
  std::vector<std::byte> rows(2 * first.columns() * dtype_size(first.dtype));
  source.read_raw(first, 1, 2, rows);
  EXPECT_EQ(std::memcmp(rows.data(), view.data() + rows.size() / 2, rows.size()), 0);
  EXPECT_EQ(source.view(last).size(), last.rows() * last.columns() * dtype_size(last.dtype));
  EXPECT_EQ(source.view(first).data(), view.data());  // not merged again
  EXPECT_EQ(source.find("nothing"), nullptr);
  EXPECT_EQ(error_of([&] { source.read_raw(first, first.rows(), 1, rows); }).code(),
            ErrorCode::kInternal);
}

TEST_F(PlanSources, KnowsWhatItOnlyCopies) {
  const merge::PlanSource copies(plan("passthrough.yml"), "p", 512 << 20, test_context());
  const merge::PlanSource merges(plan("ties.yml"), "t", 512 << 20, test_context());
  EXPECT_LT(copies.merged_bytes(), merges.merged_bytes());
  std::uint64_t all = 0;
  for (const merge::PlannedTensor& tensor : merges.plan().tensors) all += tensor.bytes;
  EXPECT_EQ(merges.merged_bytes(), all);
  for (const weights::WeightInfo& tensor : merges.tensors()) {
    EXPECT_FALSE(merges.stored_at(tensor).has_value()) << tensor.name;
  }
}

TEST_F(PlanSources, TooLittleMemoryForTheMergeIsSaidAtOnce) {
  const Error error =
      error_of([&] { merge::PlanSource(plan("ties.yml"), "t", 1 << 20, test_context()); });
  EXPECT_TRUE(says(error, "too small"));
}

}  // namespace
}  // namespace mod::bundle::testing
