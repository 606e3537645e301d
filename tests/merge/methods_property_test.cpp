// What must hold of the methods whatever the numbers.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "support/run_kernel.h"

namespace mod::test {
namespace {

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

float bf16(float x) {
  std::uint32_t b = bits(x);
  if (std::isnan(x)) return std::bit_cast<float>((b & 0x80000000u) | 0x7fc00000u);
  b += 0x7fff + ((b >> 16) & 1);
  return std::bit_cast<float>(b & 0xffff0000u);
}

/// Random numbers of all sizes that bf16 holds, with zeros, denormals and infinities.
Tensor wide_bf16(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  Tensor x(n);
  for (float& v : x) {
    v = std::bit_cast<float>(static_cast<std::uint32_t>(random()) & 0xffff0000u);
    if (std::isnan(v) || std::abs(v) > 1e38f) v = 1.0f;  // sums of such numbers overflow
  }
  x[0] = 0.0f, x[1] = -0.0f, x[2] = std::bit_cast<float>(0x00010000u);
  return x;
}

Tensor gaussian(std::size_t n, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Tensor x(n);
  for (float& v : x) v = normal(random);
  return x;
}

Tensor plus(const Tensor& a, const Tensor& b) {
  Tensor sum(a);
  for (std::size_t i = 0; i < a.size(); ++i) sum[i] += b[i];
  return sum;
}

/// One sensible case of every method, `inputs` in the shape [rows, columns].
std::vector<Case> all_cases(const std::vector<Tensor>& models, const Tensor& base,
                            std::vector<std::int64_t> shape) {
  std::vector<Case> list;
  std::vector<Tensor> with_base = models;
  with_base.insert(with_base.begin(), base);
  const std::vector<double> weights(models.size(), 1.0 / static_cast<double>(models.size()));
  const auto add = [&](Case c) {
    c.shape = shape;
    list.push_back(std::move(c));
  };
  for (const char* select : {"reference", "random", "rank"}) {
    add({.method = "mod",
         .inputs = models,
         .per_model = {{"weight", weights}},
         .strings = {{"select", {select}}}});
  }
  add({.method = "linear", .inputs = models, .per_model = {{"weight", weights}}});
  add({.method = "passthrough", .inputs = {models[0]}});
  add({.method = "slerp", .inputs = {models[0], models[1]}, .base = 0, .globals = {{"t", 0.4}}});
  for (const double flatten : {1.0, 0.0}) {
    for (const double row_wise : {0.0, 1.0}) {
      add({.method = "nuslerp",
           .inputs = {models[0], models[1]},
           .globals = {{"nuslerp_flatten", flatten}, {"nuslerp_row_wise", row_wise}},
           .per_model = {{"weight", {0.3, 0.7}}}});
    }
  }
  for (const double filter_wise : {0.0, 1.0}) {
    add({.method = "model_stock",
         .inputs = with_base,
         .base = 0,
         .globals = {{"filter_wise", filter_wise}}});
  }
  for (const char* method : {"task_arithmetic", "ties", "dare_linear", "dare_ties", "breadcrumbs",
                             "breadcrumbs_ties", "della", "della_linear"}) {
    add({.method = method,
         .inputs = with_base,
         .base = 0,
         .per_model = {{"weight", weights}, {"density", {0.5}}}});
  }
  return list;
}

TEST(MethodsProperty, IdenticalBf16InputsComeBackIdentical) {
  const Tensor x = wide_bf16(20 * 77, 1);
  for (const std::size_t models : {2, 3, 5, 8}) {
    for (const Case& c : all_cases(std::vector<Tensor>(models, x), x, {20, 77})) {
      const Tensor out = run_method(c).out;
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(bits(bf16(out[i])), bits(x[i])) << c.method << ", " << models << ", " << x[i];
      }
    }
  }
}

TEST(MethodsProperty, IdenticalFloatsComeBackWithinTwoUnits) {
  const Tensor x = gaussian(20 * 77, 2);
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(0.01, 1);
  for (int round = 0; round < 20; ++round) {
    for (const std::size_t models : {2, 3, 5}) {
      for (Case c : all_cases(std::vector<Tensor>(models, x), x, {20, 77})) {
        if (c.method == "linear") {
          for (double& w : c.per_model["weight"]) w = uniform(random);
        }
        const Tensor out = run_method(c).out;
        for (std::size_t i = 0; i < x.size(); ++i) {
          ASSERT_LE(std::abs(static_cast<std::int64_t>(bits(out[i])) - bits(x[i])), 2)
              << c.method << ", " << models;
        }
      }
    }
  }
}

TEST(MethodsProperty, AllWeightOnOneModelReturnsIt) {
  Tensor x = wide_bf16(1000, 4);
  x[10] = std::numeric_limits<float>::infinity();
  Tensor other = gaussian(1000, 5);
  other[20] = std::nanf("");  // takes no part
  const Case cases[] = {
      {.method = "linear", .inputs = {x, other}, .per_model = {{"weight", {1, 0}}}},
      {.method = "linear", .inputs = {other, x}, .per_model = {{"weight", {0, 0.3}}}},
      {.method = "slerp", .inputs = {x, other}, .base = 0, .globals = {{"t", 0}}},
      {.method = "passthrough", .inputs = {x}},
  };
  for (const Case& c : cases) {
    const Tensor out = run_method(c).out;
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bits(out[i]), bits(x[i])) << c.method;
  }
}

TEST(MethodsProperty, LambdaZeroReturnsTheBase) {
  const Tensor base = wide_bf16(20 * 77, 6);
  Tensor model = gaussian(20 * 77, 7);
  model[5] = std::numeric_limits<float>::infinity();
  for (Case c : all_cases({model, plus(model, model)}, base, {20, 77})) {
    if (c.base < 0 || c.method == "model_stock" || c.method == "slerp") continue;
    c.globals["lambda"] = 0;
    const RunResult result = run_method(c);
    for (std::size_t i = 0; i < base.size(); ++i) {
      ASSERT_EQ(bits(result.out[i]), bits(base[i])) << c.method;
    }
    EXPECT_EQ(result.taken[0], base.size());
    EXPECT_EQ(result.passes, 0);
  }
}

TEST(MethodsProperty, OnlyTheBaseReturnsTheBase) {
  const Tensor base = wide_bf16(20 * 77, 8);
  for (Case c : all_cases({base, base}, base, {20, 77})) {
    if (c.base != 0) continue;
    c.inputs = {base};
    const RunResult result = run_method(c);
    for (std::size_t i = 0; i < base.size(); ++i) {
      ASSERT_EQ(bits(result.out[i]), bits(base[i])) << c.method;
    }
  }
}

TEST(MethodsProperty, OrderOfTwoModelsDoesNotMatterWhereTheFormulaIsSymmetric) {
  const Tensor base = gaussian(3000, 9);
  const Tensor a = plus(base, gaussian(3000, 10, 0.1f)), b = plus(base, gaussian(3000, 11, 0.1f));
  for (const char* method :
       {"linear", "task_arithmetic", "ties", "breadcrumbs", "breadcrumbs_ties", "model_stock"}) {
    Case c{.method = method, .inputs = {base, a, b}, .base = 0};
    c.per_model = {{"weight", {0.6, 0.4}}, {"density", {0.5, 0.3}}};
    if (std::string(method) == "linear") c.inputs = {a, b}, c.base = -1;
    Case swapped = c;
    std::swap(swapped.inputs[swapped.inputs.size() - 2], swapped.inputs.back());
    swapped.per_model = {{"weight", {0.4, 0.6}}, {"density", {0.3, 0.5}}};
    const Tensor one = run_method(c).out, two = run_method(swapped).out;
    for (std::size_t i = 0; i < one.size(); ++i) {
      ASSERT_NEAR(one[i], two[i], 4e-7 * (1 + std::abs(one[i]))) << method;
    }
  }
}

TEST(MethodsProperty, PowersOfTwoScaleThrough) {
  const Tensor base = gaussian(3000, 12);
  const Tensor a = plus(base, gaussian(3000, 13)), b = plus(base, gaussian(3000, 14));
  const auto doubled = [](const Tensor& x) { return plus(x, x); };
  const auto cases = all_cases({a, b}, base, {30, 100});
  const auto scaled = all_cases({doubled(a), doubled(b)}, doubled(base), {30, 100});
  for (std::size_t k = 0; k < cases.size(); ++k) {
    const Tensor one = run_method(cases[k]).out, two = run_method(scaled[k]).out;
    for (std::size_t i = 0; i < one.size(); ++i) {
      ASSERT_EQ(2 * one[i], two[i]) << cases[k].method << ", element " << i;
    }
  }
}

TEST(MethodsProperty, ChunksThreadsAndInstructionSetsDoNotMatter) {
  // Several blocks, rows that divide neither blocks nor chunks evenly.
  const std::int64_t rows = 331, columns = 1201;
  const std::size_t n = static_cast<std::size_t>(rows * columns);
  const Tensor base = gaussian(n, 15);
  Tensor a = plus(base, gaussian(n, 16, 0.05f)), b = plus(base, gaussian(n, 17, 0.05f));
  for (std::size_t i = 0; i < n; i += 5) a[i] = bf16(a[i]), b[i] = base[i];
  for (const Case& c : all_cases({a, b}, base, {rows, columns})) {
    const RunResult expected = run_method(c);
    std::vector<RunOptions> ways = {{.tile_blocks = 1, .threads = 3},
                                    {.tile_blocks = 5, .threads = 2}};
    for (const cpu::Isa isa : cpu::supported_isas()) ways.push_back({.threads = 2, .isa = isa});
    for (const RunOptions& way : ways) {
      const RunResult actual = run_method(c, way);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(bits(actual.out[i]), bits(expected.out[i]))
            << c.method << ", threads " << way.threads << ", " << cpu::isa_name(way.isa);
      }
      EXPECT_EQ(actual.taken, expected.taken) << c.method;
      EXPECT_EQ(actual.facts, expected.facts) << c.method;
    }
  }
}

TEST(MethodsProperty, DareKeepsTheMeanSizeOfTheDelta) {
  const std::size_t n = 50000;
  const Tensor base(n, 0.0f), model = gaussian(n, 18);
  Case c{.method = "dare_linear",
         .inputs = {base, model},
         .base = 0,
         .per_model = {{"weight", {1}}, {"density", {0.3}}}};
  double before = 0, after = 0;
  const RunResult result = run_method(c);
  for (std::size_t i = 0; i < n; ++i) {
    before += std::abs(model[i]);
    after += std::abs(result.out[i]);
  }
  EXPECT_NEAR(after / before, 1, 1e-5);
  EXPECT_NEAR(static_cast<double>(result.taken[1]), 0.3 * n, 5 * std::sqrt(0.21 * n));
  EXPECT_EQ(result.taken[0] + result.taken[1], n);
  EXPECT_EQ(result.fact("kept[1]"), static_cast<double>(result.taken[1]));
}

TEST(MethodsProperty, ModelsDrawDifferentMasks) {
  const std::size_t n = 4000;
  const Tensor base(n, 0.0f), ones(n, 1.0f);
  Case c{.method = "dare_linear",
         .inputs = {base, ones, ones},
         .base = 0,
         .globals = {{"rescale", 0}},
         .per_model = {{"weight", {1, 10}}, {"density", {0.5}}}};
  std::map<float, int> sums;
  for (const float x : run_method(c).out) ++sums[x];
  for (const float sum : {0.0f, 1.0f, 10.0f, 11.0f}) EXPECT_NEAR(sums[sum], n / 4, 200);
}

TEST(MethodsProperty, SpecialValuesStayVisible) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor base = gaussian(100, 20);
  Tensor a = plus(base, gaussian(100, 21, 0.1f)), b = plus(base, gaussian(100, 22, 0.1f));
  a[3] = std::nanf("");
  a[4] = inf;
  for (const Case& c : all_cases({a, b}, base, {4, 25})) {
    const bool random = c.method.starts_with("da") || c.method.starts_with("della");
    const bool drops = c.method == "mod" || c.method.starts_with("breadcrumbs");
    if (random || drops) continue;  // such elements may be left out there
    const Tensor out = run_method(c).out;
    EXPECT_TRUE(std::isnan(out[3])) << c.method;
    EXPECT_FALSE(std::isfinite(out[4])) << c.method;
  }
}

}  // namespace
}  // namespace mod::test
