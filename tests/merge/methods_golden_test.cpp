// Golden vectors: worked out by hand or in double precision from the definitions, every input exact
// in bf16. One tensor of shape 2 x 4.
#include <gtest/gtest.h>

#include <cmath>

#include "merge/parts/task_vectors.h"
#include "support/run_kernel.h"

namespace mod::test {
namespace {

const Tensor kB = {1, -2, 0.5, 3, 0.25, -0.75, 1.5, -1};
const Tensor kA = {1.5, -2.25, 0.5, 2, 1, -0.625, 1.125, -0.9375};
const Tensor kC = {0.75, -2.5, 0.875, 3.125, 1.25, -1.5, 1.4375, -0.6875};
const Tensor kE = {1.1875, -2.25, 0.59375, 2.53125, 0.875, -0.875, 1.296875, -0.890625};

struct Golden {
  const char* label;
  Case run;
  Tensor expected;
};

Case plain(const char* method, std::map<std::string, double> globals = {},
           std::vector<double> weights = {0.6, 0.4}) {
  return {.method = method,
          .inputs = {kA, kC},
          .globals = std::move(globals),
          .per_model = {{"weight", std::move(weights)}},
          .shape = {2, 4}};
}

Case with_base(const char* method, std::map<std::string, double> globals = {},
               std::map<std::string, std::vector<double>> per_model = {},
               std::vector<double> weights = {0.6, 0.4}) {
  per_model["weight"] = std::move(weights);
  return {.method = method,
          .inputs = {kB, kA, kC},
          .base = 0,
          .globals = std::move(globals),
          .per_model = std::move(per_model),
          .shape = {2, 4}};
}

Case slerp(Tensor base, Tensor other, double t) {
  return {.method = "slerp",
          .inputs = {std::move(base), std::move(other)},
          .base = 0,
          .globals = {{"t", t}},
          .shape = {2, 4}};
}

Case stock(std::vector<Tensor> inputs, bool filter_wise) {
  return {.method = "model_stock",
          .inputs = std::move(inputs),
          .base = 0,
          .globals = {{"filter_wise", filter_wise}},
          .shape = {2, 4}};
}

void expect_close(const Tensor& actual, const Tensor& expected, const char* label) {
  ASSERT_EQ(actual.size(), expected.size()) << label;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], 1e-6 * std::max(1.0f, std::abs(expected[i])))
        << label << ", element " << i;
  }
}

void check(const std::vector<Golden>& list) {
  for (const Golden& golden : list) {
    for (const cpu::Isa isa : cpu::supported_isas()) {
      expect_close(run_method(golden.run, {.isa = isa}).out, golden.expected, golden.label);
    }
  }
}

TEST(MethodsGolden, Linear) {
  check({
      {"0.6, 0.4", plain("linear"), {1.2, -2.35, 0.65, 2.45, 1.1, -0.975, 1.25, -0.8375}},
      {"0.6, 0.9",
       plain("linear", {}, {0.6, 0.9}),
       {1.05, -2.4, 0.725, 2.675, 1.15, -1.15, 1.3125, -0.7875}},
      {"not normalized",
       plain("linear", {{"normalize", 0}}, {0.6, 0.9}),
       {1.575, -3.6, 1.0875, 4.0125, 1.725, -1.725, 1.96875, -1.18125}},
      {"negative weight",
       plain("linear", {}, {1, -0.25}),
       {1.75, -2.16666667, 0.375, 1.625, 0.916666667, -0.333333333, 1.02083333, -1.02083333}},
  });
}

TEST(MethodsGolden, Slerp) {
  check({
      {"base A",
       slerp(kA, kC, 0.35),
       {1.25215819, -2.36729836, 0.639686551, 2.42536591, 1.10153271, -0.944103507, 1.25033933,
        -0.860404039}},
      {"base C",
       slerp(kC, kA, 0.35),
       {1.02621997, -2.4426111, 0.752655659, 2.76427323, 1.17684545, -1.20769809, 1.34448025,
        -0.785091301}},
      {"nearly parallel",
       slerp(kA, {1.5115, -2.25225, 0.5005, 2.002, 1.001, -0.625625, 1.126125, -0.9384375}, 0.25),
       {1.502875, -2.2505625, 0.500125, 2.0005, 1.00025, -0.62515625, 1.12528125, -0.937734375}},
  });
  const RunResult arc = run_method(slerp(kA, kC, 0.35));
  EXPECT_NEAR(arc.fact("cosine"), 0.945681061, 1e-8);
  EXPECT_NEAR(arc.fact("angle"), 0.331113114, 1e-8);
  EXPECT_EQ(arc.fact("linear_branch"), 0);
  EXPECT_EQ(arc.taken, (std::vector<std::uint64_t>{8, 8}));
  Case base_second = slerp(kC, kA, 0.35);
  base_second.base = 1;  // the base is x0 wherever it stands
  expect_close(run_method(base_second).out, run_method(slerp(kA, kC, 0.35)).out, "base second");
}

TEST(MethodsGolden, Nuslerp) {
  const std::map<std::string, double> last{{"nuslerp_flatten", 0}};
  const std::map<std::string, double> first{{"nuslerp_flatten", 0}, {"nuslerp_row_wise", 1}};
  Case base = with_base("nuslerp"), base_last = with_base("nuslerp", last),
       base_first = with_base("nuslerp", first);
  check({
      {"flatten",
       plain("nuslerp"),
       {1.21530036, -2.38149422, 0.658983614, 2.48360436, 1.11486043, -0.988753788, 1.26691216,
        -0.848421946}},
      {"row_wise has no effect while flat",
       plain("nuslerp", {{"nuslerp_row_wise", 1}}),
       {1.21530036, -2.38149422, 0.658983614, 2.48360436, 1.11486043, -0.988753788, 1.26691216,
        -0.848421946}},
      {"last axis",
       plain("nuslerp", last),
       {1.21437569, -2.37959051, 0.658440525, 2.48157292, 1.1167472, -0.990500382, 1.26905944,
        -0.849808437}},
      {"first axis",
       plain("nuslerp", first),
       {1.22755428, -2.3707791, 0.651341157, 2.46498127, 1.12676709, -0.984073781, 1.25252499,
        -0.8423697}},
      {"base",
       base,
       {1.23546937, -2.43889252, 0.692694699, 2.33636656, 1.30975129, -1.04440627, 1.19493484,
        -0.793929521}},
      {"base, last axis",
       base_last,
       {1.27475023, -2.54150103, 0.742475551, 2.20802399, 1.1874502, -1.00374676, 1.22695121,
        -0.819382036}},
      {"base, first axis",
       base_first,
       {1.2133344, -2.46776609, 0.702669603, 2.13656962, 1.17776666, -1.06720523, 1.18227055,
        -0.714800111}},
      {"weights that cancel",
       plain("nuslerp", {}, {0.6, -0.6}),
       {1.14059561, -2.40792406, 0.697030649, 2.59802333, 1.14059561, -1.07722918, 1.29901166,
        -0.823763494}},
  });
}

TEST(MethodsGolden, NuslerpAntipodalVectorsTakeTheLinearBranch) {
  Tensor opposite(kA);
  for (float& x : opposite) x = -x;
  Case run = plain("nuslerp", {}, {0.75, 0.25});
  run.inputs[1] = opposite;
  const RunResult result = run_method(run);
  EXPECT_EQ(result.fact("linear_branch"), 1);
  for (std::size_t i = 0; i < kA.size(); ++i) EXPECT_EQ(result.out[i], 0.5f * kA[i]);
}

TEST(MethodsGolden, ModelStock) {
  check({
      {"A, C",
       stock({kB, kA, kC}, false),
       {1.05401603, -2.1620481, 0.581024051, 2.81094388, 0.628112238, -0.885040085, 1.40547194,
        -0.918975949}},
      {"filter_wise",
       stock({kB, kA, kC}, true),
       {0.952606188, -1.85781856, 0.428909281, 3.16587834, 0.931376439, -0.993348728, 1.32965589,
        -0.853990763}},
      {"A, C, E",
       stock({kB, kA, kC, kE}, false),
       {1.12014268, -2.27461184, 0.628724301, 2.63099034, 0.902203127, -0.955958882, 1.32407679,
        -0.866984888}},
  });
  const RunResult two = run_method(stock({kB, kA, kC}, false));
  EXPECT_NEAR(two.fact("cosine"), 0.275614557, 1e-8);
  EXPECT_NEAR(two.fact("t"), 0.432128272, 1e-8);
  const RunResult three = run_method(stock({kB, kA, kC, kE}, false));
  EXPECT_NEAR(three.fact("cosine"), 0.609197588, 1e-8);
  EXPECT_NEAR(three.fact("t"), 0.823835529, 1e-8);
}

TEST(MethodsGolden, ModelStockWithoutSolutionKeepsTheBase) {
  // Opposite differences: c = -1, denominator 1 + c = 0.
  const RunResult result = run_method(stock({{1, 1}, {2, 3}, {0, -1}}, false));
  EXPECT_EQ(result.out, (Tensor{1, 1}));
  EXPECT_EQ(result.fact("no_solution"), 1);
  EXPECT_EQ(result.fact("t"), 0);
  EXPECT_EQ(result.taken, (std::vector<std::uint64_t>{2, 0, 0}));
}

TEST(MethodsGolden, TaskArithmetic) {
  const char* method = "task_arithmetic";
  check({
      {"0.6, 0.4", with_base(method), {1.2, -2.35, 0.65, 2.45, 1.1, -0.975, 1.25, -0.8375}},
      {"normalize",
       with_base(method, {{"normalize", 1}}, {}, {0.6, 0.9}),
       {1.05, -2.4, 0.725, 2.675, 1.15, -1.15, 1.3125, -0.7875}},
      {"lambda",
       with_base(method, {{"lambda", 0.5}}, {}, {1, 1}),
       {1.125, -2.375, 0.6875, 2.5625, 1.125, -1.0625, 1.28125, -0.8125}},
      {"negative weight",
       with_base(method, {}, {}, {0.6, -0.4}),
       {1.4, -1.95, 0.35, 2.35, 0.3, -0.375, 1.3, -1.0875}},
      {"divisor 0 counts as 1",
       with_base(method, {{"normalize", 1}}, {}, {0.6, -0.6}),
       {1.45, -1.85, 0.275, 2.325, 0.1, -0.225, 1.3125, -1.15}},
  });
}

TEST(MethodsGolden, Ties) {
  const std::map<std::string, std::vector<double>> half{{"density", {0.5}}};
  check({
      {"density 1", with_base("ties"), {1.5, -2.35, 0.875, 2, 1.1, -1.5, 1.25, -0.8375}},
      {"density 0.5", with_base("ties", {}, half), {1.5, -2.5, 0.875, 2, 1.1, -1.5, 1.125, -1}},
      {"normalize false",
       with_base("ties", {{"normalize", 0}}, half),
       {1.3, -2.2, 0.65, 2.4, 1.1, -1.05, 1.275, -1}},
      {"density 0.3",
       with_base("ties", {}, {{"density", {0.3}}}),
       {1, -2, 0.5, 2, 1.1, -1.5, 1.5, -1}},
      {"negative weight",
       with_base("ties", {}, half, {0.6, -0.4}),
       {1.5, -2.5, 0.875, 2, 1, -1.5, 1.125, -1}},
      {"rescale",
       with_base("ties", {{"rescale", 1}}, half),
       {1.58333333, -2.64285714, 0.982142857, 1.83333333, 1.28928571, -1.71428571, 1.0625, -1}},
  });
}

TEST(MethodsGolden, Breadcrumbs) {
  const auto run = [](const char* method, double density, double gamma) {
    return with_base(method, {}, {{"density", {density}}, {"gamma", {gamma}}});
  };
  const Tensor eighth = {1.3, -2.35, 0.65, 3, 0.7, -1.05, 1.275, -0.875};
  check({
      {"gamma 1/8", run("breadcrumbs", 0.5, 0.125), eighth},
      {"gamma 1/8, ties", run("breadcrumbs_ties", 0.5, 0.125), eighth},
      {"gamma 1/4",
       run("breadcrumbs", 0.5, 0.25),
       {1.2, -2.35, 0.65, 3, 0.25, -0.675, 1.275, -0.875}},
      {"gamma 1/4, ties",
       run("breadcrumbs_ties", 0.5, 0.25),
       {1.3, -2.35, 0.65, 3, 0.25, -0.675, 1.275, -0.875}},
      {"top cut to 2",
       run("breadcrumbs", 0.75, 0.5),
       {1.2, -2.35, 0.65, 3.05, 0.25, -0.675, 1.25, -0.8375}},
  });
}

/// Given masks in place of random ones.
class FixedMask final : public merge::MaskSource {
 public:
  FixedMask(std::vector<std::uint8_t> mask, float p) : mask_(std::move(mask)), p_(p) {}
  void flags(const merge::Chunk& chunk, const float*, const float*,
             std::uint8_t* flags) const override {
    std::copy_n(mask_.begin() + static_cast<std::ptrdiff_t>(chunk.first), chunk.count, flags);
  }
  void flags_and_probabilities(const merge::Chunk& chunk, const float* x, const float* b,
                               std::uint8_t* flags, float* probabilities) const override {
    this->flags(chunk, x, b, flags);
    std::fill_n(probabilities, chunk.count, p_);
  }

 private:
  std::vector<std::uint8_t> mask_;
  float p_;
};

RunResult run_masked(merge::RandomScale scale, merge::TaskOptions options) {
  const std::vector<std::uint8_t> masks[2] = {{1, 0, 1, 1, 0, 1, 0, 1}, {0, 1, 1, 0, 1, 1, 1, 0}};
  std::vector<merge::TaskModel> models;
  for (int m = 0; m < 2; ++m) {
    models.push_back({m + 1, m == 0 ? 0.6 : 0.4,
                      std::make_unique<merge::RandomSparsifier>(
                          std::make_unique<FixedMask>(masks[m], 0.625f), 8, scale, 1 << 20)});
  }
  merge::TaskVectorKernel kernel(0, std::move(models), options);
  return run_kernel(kernel, {kB, kA, kC});
}

TEST(MethodsGolden, GivenMasks) {
  using merge::RandomScale;
  const RunResult linear = run_masked(RandomScale::kL1, {});
  EXPECT_NEAR(linear.fact("scale[1]"), 1.81481481, 1e-8);
  EXPECT_NEAR(linear.fact("scale[2]"), 1.25581395, 1e-8);
  EXPECT_EQ(linear.fact("kept[1]"), 5);
  expect_close(linear.out,
               {1.54444444, -2.25116279, 0.688372093, 1.91111111, 0.752325581, -0.990633075,
                1.46860465, -0.931944444},
               "dare_linear");
  expect_close(run_masked(RandomScale::kL1, {.vote = true}).out,
               {1.54444444, -2.25116279, 0.688372093, 1.91111111, 0.752325581, -1.12674419,
                1.46860465, -0.931944444},
               "dare_ties");
  expect_close(run_masked(RandomScale::kInverseProbability, {}).out,
               {1.48, -2.32, 0.74, 2.04, 0.89, -1.11, 1.46, -0.94}, "1/p");
  expect_close(run_masked(RandomScale::kL1, {.vote = true, .normalize = true}).out,
               {1.90740741, -2.62790698, 0.970930233, 1.18518519, 1.50581395, -1.69186047,
                1.42151163, -0.886574074},
               "della");
}

/// What a method keeps of a delta: the base is 0, the only weight 1.
Tensor kept(const char* method, Tensor delta,
            std::map<std::string, std::vector<double>> per_model) {
  per_model["weight"] = {1};
  const std::size_t n = delta.size();
  return run_method({.method = method,
                     .inputs = {Tensor(n, 0.0f), std::move(delta)},
                     .base = 0,
                     .globals = {{"normalize", 0}},
                     .per_model = std::move(per_model),
                     .shape = {2, static_cast<std::int64_t>(n / 2)}})
      .out;
}

TEST(MethodsGolden, Sparsifiers) {
  const Tensor da = {0.5, -0.25, 0, -1, 0.75, 0.125, -0.375, 0.0625};
  const Tensor dc = {-0.25, -0.5, 0.375, 0.125, 1, -0.75, -0.0625, 0.3125};
  const auto magnitude = [](const Tensor& d, double density) {
    return kept("ties", d, {{"density", {density}}});
  };
  const auto outliers = [](const Tensor& d, double density, double gamma) {
    return kept("breadcrumbs", d, {{"density", {density}}, {"gamma", {gamma}}});
  };
  EXPECT_EQ(magnitude(da, 0.5), (Tensor{0.5, 0, 0, -1, 0.75, 0, -0.375, 0}));
  EXPECT_EQ(magnitude(dc, 0.5), (Tensor{0, -0.5, 0.375, 0, 1, -0.75, 0, 0}));
  EXPECT_EQ(magnitude(da, 0.3), (Tensor{0, 0, 0, -1, 0.75, 0, 0, 0}));
  EXPECT_EQ(magnitude(dc, 0.3), (Tensor{0, 0, 0, 0, 1, -0.75, 0, 0}));
  EXPECT_EQ(outliers(da, 0.5, 0.125), (Tensor{0.5, -0.25, 0, 0, 0.75, 0, -0.375, 0}));
  EXPECT_EQ(outliers(dc, 0.5, 0.125), (Tensor{0, -0.5, 0.375, 0, 0, -0.75, 0, 0.3125}));
  EXPECT_EQ(outliers(da, 0.5, 0.25), (Tensor{0.5, -0.25, 0, 0, 0, 0.125, -0.375, 0}));
  EXPECT_EQ(outliers(dc, 0.5, 0.25), (Tensor{-0.25, -0.5, 0.375, 0, 0, 0, 0, 0.3125}));
  EXPECT_EQ(outliers(da, 0.75, 0.5), (Tensor{0.5, -0.25, 0, 0, 0, 0.125, -0.375, 0.0625}));
  EXPECT_EQ(outliers(dc, 0.75, 0.5), (Tensor{-0.25, -0.5, 0.375, 0.125, 0, 0, -0.0625, 0.3125}));
  EXPECT_EQ(outliers(da, 0.5, 0.01), (Tensor{0.5, 0, 0, -1, 0.75, 0, -0.375, 0}));
  EXPECT_EQ(magnitude({1, 1, 1, 1}, 0.5), (Tensor{1, 1, 0, 0}));
  EXPECT_EQ(outliers({1, 1, 1, 1}, 0.5, 0.25), (Tensor{0, 1, 1, 0}));
}

TEST(MethodsGolden, SmallDensityKeepsOneElement) {
  const Case run{.method = "ties",
                 .inputs = {Tensor(4, 0.0f), {1, -3, 2, 0}},
                 .base = 0,
                 .per_model = {{"weight", {1}}, {"density", {0.1}}}};
  const RunResult result = run_method(run);
  EXPECT_EQ(result.out, (Tensor{0, -3, 0, 0}));
  EXPECT_EQ(result.fact("k_raised[1]"), 1);
  EXPECT_EQ(result.fact("kept[1]"), 1);
}

TEST(MethodsGolden, Passthrough) {
  Case run{.method = "passthrough", .inputs = {kA}};
  EXPECT_EQ(run_method(run).out, kA);
  run.per_model = {{"scale", {0.3}}};
  expect_close(run_method(run).out, {0.45, -0.675, 0.15, 0.6, 0.3, -0.1875, 0.3375, -0.28125},
               "scale 0.3");
}

}  // namespace
}  // namespace mod::test
