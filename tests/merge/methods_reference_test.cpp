// Every method against the plain definitions of reference.h, on tensors that are kind and unkind.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "merge/reference.h"
#include "support/run_kernel.h"

namespace mod::test {
namespace {

struct Kind {
  const char* label;
  bool finite;
  /// Element i of input `input` (0: the base).
  float (*value)(std::mt19937& random, std::size_t input, std::size_t i, float base);
};

float gaussian(std::mt19937& random) { return std::normal_distribution<float>()(random); }

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list = {
      {"gaussian", true,
       [](std::mt19937& r, std::size_t input, std::size_t, float base) {
         return input == 0 ? gaussian(r) : base + 0.05f * gaussian(r);
       }},
      {"ties", true,  // deltas of few different sizes, as between real fine-tunes in bf16
       [](std::mt19937& r, std::size_t input, std::size_t, float base) {
         return input == 0 ? std::round(gaussian(r) * 64) / 64
                           : base + std::round(gaussian(r)) / 256;
       }},
      {"constant", true,
       [](std::mt19937&, std::size_t input, std::size_t, float) {
         return static_cast<float>(input) * 0.5f + 1;
       }},
      {"equal", true,
       [](std::mt19937& r, std::size_t input, std::size_t, float base) {
         return input == 0 ? gaussian(r) : base;
       }},
      {"zero", true, [](std::mt19937&, std::size_t, std::size_t, float) { return 0.0f; }},
      {"denormal", true,
       [](std::mt19937& r, std::size_t, std::size_t, float) { return gaussian(r) * 1e-39f; }},
      {"outlier", true,  // one delta that hides the size of all others in its row
       [](std::mt19937& r, std::size_t input, std::size_t i, float base) {
         if (input == 0) return gaussian(r);
         return base + (i % 97 == 5 ? 1e4f : 1e-3f) * gaussian(r);
       }},
      {"special", false,
       [](std::mt19937& r, std::size_t input, std::size_t, float base) {
         const float inf = std::numeric_limits<float>::infinity();
         const float values[] = {inf, -inf, std::nanf(""), 0.0f, -0.0f, 1e-42f};
         if (r() % 50 == 0) return values[r() % 6];
         return input == 0 ? gaussian(r) : base + 0.05f * gaussian(r);
       }},
  };
  return list;
}

std::vector<Tensor> make_inputs(const Kind& kind, std::size_t count, std::size_t n) {
  std::mt19937 random(static_cast<unsigned>(n + 17 * count));
  std::vector<Tensor> inputs(count, Tensor(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < count; ++k) inputs[k][i] = kind.value(random, k, i, inputs[0][i]);
  }
  return inputs;
}

const std::vector<std::vector<std::int64_t>>& shapes() {
  static const std::vector<std::vector<std::int64_t>> list = {
      {1}, {2}, {7}, {1000}, {5, 1}, {1, 9}, {33, 65}, {3, 1201}, {4, 33, 7}, {2, 5, 3, 11}};
  return list;
}

std::size_t elements(const std::vector<std::int64_t>& shape) {
  std::size_t n = 1;
  for (const std::int64_t s : shape) n *= static_cast<std::size_t>(s);
  return n;
}

void expect_matches(const Case& c, const RunResult& actual, const std::string& label) {
  const reference::Result expected = reference::run(c);
  std::uint64_t unclear = 0;
  for (std::size_t i = 0; i < actual.out.size(); ++i) {
    unclear += !expected.clear[i];
    if (!expected.clear[i]) continue;
    const double want = expected.y[i];
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(actual.out[i])) << label << ", element " << i << ": " << actual.out[i];
    } else if (!std::isfinite(want)) {
      ASSERT_EQ(actual.out[i], want) << label << ", element " << i;
    } else {
      ASSERT_NEAR(actual.out[i], want, 2e-6 * expected.terms[i] + 2e-44)
          << label << ", element " << i;
    }
  }
  ASSERT_EQ(actual.taken.size(), expected.taken.size());
  for (std::size_t i = 0; i < actual.taken.size(); ++i) {
    ASSERT_LE(
        std::abs(static_cast<double>(actual.taken[i]) - static_cast<double>(expected.taken[i])),
        static_cast<double>(unclear))
        << label << ", input " << i;
  }
}

/// Runs the case on every kind and shape, with different cuts into chunks and numbers of threads.
void run_everywhere(Case c, std::size_t inputs, bool special = true) {
  for (const Kind& kind : kinds()) {
    if (!special && !kind.finite) continue;
    for (const auto& shape : shapes()) {
      c.shape = shape;
      c.inputs = make_inputs(kind, inputs, elements(shape));
      for (const cpu::Isa isa : cpu::supported_isas()) {
        const RunResult actual = run_method(c, {.chunk = 500, .threads = 2, .isa = isa});
        expect_matches(c, actual,
                       c.method + ", " + kind.label + ", " + std::to_string(c.inputs[0].size()) +
                           " elements, " + std::string(cpu::isa_name(isa)));
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(MethodsReference, Linear) {
  run_everywhere({.method = "linear", .per_model = {{"weight", {0.6, 0.4}}}}, 2);
  run_everywhere({.method = "linear", .per_model = {{"weight", {0.6, -0.9, 2}}}}, 3);
  run_everywhere({.method = "linear", .per_model = {{"weight", {1, 0, 3, 0.5}}}}, 4);
  run_everywhere({.method = "linear",
                  .globals = {{"normalize", 0}},
                  .per_model = {{"weight", {0.3, 0.3, 0.3, 0.3, 0.3}}}},
                 5);
}

TEST(MethodsReference, Slerp) {
  for (const double t : {0.0, 0.35, 1.0, 1.5}) {
    run_everywhere({.method = "slerp", .base = 1, .globals = {{"t", t}}}, 2);
  }
}

TEST(MethodsReference, Nuslerp) {
  for (const double flatten : {1.0, 0.0}) {
    for (const double row_wise : {0.0, 1.0}) {
      Case c{.method = "nuslerp",
             .globals = {{"nuslerp_flatten", flatten}, {"nuslerp_row_wise", row_wise}},
             .per_model = {{"weight", {0.6, 0.4}}}};
      // Vectors of one or two elements are often parallel or opposite up to rounding, where the
      // result depends on the last bit of the cosine.
      c.base = -1;
      for (const auto& shape : {std::vector<std::int64_t>{33, 65}, {3, 1201}, {4, 33, 7}, {1000}}) {
        c.shape = shape;
        for (const int base : {-1, 0}) {
          c.base = base;
          c.inputs = make_inputs(kinds()[0], base < 0 ? 2 : 3, elements(shape));
          expect_matches(c, run_method(c, {.chunk = 300, .threads = 3}), "nuslerp");
        }
      }
    }
  }
}

TEST(MethodsReference, ModelStock) {
  for (const double filter_wise : {0.0, 1.0}) {
    for (const std::size_t models : {2, 3, 5}) {
      Case c{.method = "model_stock", .base = 0, .globals = {{"filter_wise", filter_wise}}};
      for (const auto& shape : {std::vector<std::int64_t>{33, 65}, {3, 1201}, {4, 33, 7}, {1000}}) {
        c.shape = shape;
        c.inputs = make_inputs(kinds()[0], models + 1, elements(shape));
        expect_matches(c, run_method(c, {.chunk = 300, .threads = 3}), "model_stock");
      }
    }
  }
}

TEST(MethodsReference, TaskArithmetic) {
  run_everywhere({.method = "task_arithmetic", .base = 0, .per_model = {{"weight", {0.6, 0.4}}}},
                 3);
  run_everywhere({.method = "task_arithmetic",
                  .base = 0,
                  .globals = {{"normalize", 1}, {"lambda", 0.7}},
                  .per_model = {{"weight", {1, -0.3, 0.5, 0, 2, 1}}}},
                 7);
}

TEST(MethodsReference, Ties) {
  run_everywhere(
      {.method = "ties", .base = 0, .per_model = {{"weight", {0.6, 0.4}}, {"density", {0.5, 0.2}}}},
      3);
  run_everywhere({.method = "ties",
                  .base = 1,
                  .globals = {{"normalize", 0}, {"lambda", 1.5}, {"rescale", 1}},
                  .per_model = {{"weight", {0.6, -0.4, 0.3}}, {"density", {0.9, 1, 0.01}}}},
                 4);
  run_everywhere({.method = "ties",
                  .base = 0,
                  .per_model = {{"weight", {0.6, 0.4, 0.5, 1, 0.1}}, {"density", {0.3}}}},
                 6);
  run_everywhere(
      {.method = "ties", .base = 0, .per_model = {{"weight", {0.5}}, {"density", {0.3}}}}, 2);
}

TEST(MethodsReference, Breadcrumbs) {
  for (const char* method : {"breadcrumbs", "breadcrumbs_ties"}) {
    run_everywhere(
        {.method = method,
         .base = 0,
         .per_model = {{"weight", {0.6, 0.4}}, {"density", {0.5, 0.8}}, {"gamma", {0.1, 0.5}}}},
        3);
    run_everywhere(
        {.method = method,
         .base = 0,
         .globals = {{"rescale", 1}},
         .per_model = {{"weight", {0.6, 0.4}}, {"density", {0.4, 0}}, {"gamma", {0, 0.2}}}},
        3);
  }
}

TEST(MethodsReference, Dare) {
  for (const char* method : {"dare_linear", "dare_ties"}) {
    Case c{.method = method,
           .base = 1,
           .per_model = {{"weight", {0.6, 0.4}}, {"density", {0.5, 0.3}}},
           .seed = 42};
    run_everywhere(c, 3);
    c.globals["rescale"] = 0;
    run_everywhere(c, 3);
    c.globals = {{"rescale_inverse_p", 1}};
    c.per_model["density"] = {0, 0.9};
    run_everywhere(c, 3);
  }
}

TEST(MethodsReference, Della) {
  for (const char* method : {"della", "della_linear"}) {
    Case c{.method = method,
           .base = 0,
           .per_model = {{"weight", {0.6, 0.4}}, {"density", {0.5, 0.3}}, {"epsilon", {0.15, 0.2}}},
           .seed = 42};
    run_everywhere(c, 3);
    c.globals["rescale"] = 0;
    c.per_model["epsilon"] = {0, 1e-6};
    run_everywhere(c, 3);
    c.globals = {{"rescale_inverse_p", 1}, {"normalize", 0}};
    c.per_model["epsilon"] = {0.499, 0.1};
    run_everywhere(c, 3);
  }
}

TEST(MethodsReference, LongRowsOfDella) {
  // Rows long enough for bins of several elements, and a row for each way through the algorithm.
  for (const Kind& kind : kinds()) {
    Case c{.method = "della_linear",
           .inputs = make_inputs(kind, 2, 3 * 20000),
           .base = 0,
           .per_model = {{"weight", {1}}, {"density", {0.5}}, {"epsilon", {0.3}}},
           .shape = {3, 20000}};
    expect_matches(c, run_method(c), kind.label);
  }
}

TEST(MethodsReference, ManyBlocks) {
  const std::vector<std::int64_t> shape = {700, 1003};
  for (const char* method :
       {"ties", "breadcrumbs_ties", "dare_linear", "della", "task_arithmetic"}) {
    for (const Kind* kind : {&kinds()[0], &kinds()[1]}) {
      Case c{.method = method,
             .inputs = make_inputs(*kind, 3, elements(shape)),
             .base = 0,
             .per_model = {{"weight", {0.5, 0.5}}, {"density", {0.5}}},
             .shape = shape};
      expect_matches(c, run_method(c, {.threads = 3}), std::string(method) + ", " + kind->label);
    }
  }
}

}  // namespace
}  // namespace mod::test
