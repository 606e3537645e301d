// Exact cuts against a sort, whatever way they were found.
#include "merge/select.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "support/run_kernel.h"

namespace mod::test {
namespace {

using merge::KeyOrder;
using merge::SelectOptions;
using merge::Selector;

/// Runs a selector as a kernel of one input.
class SelectKernel final : public merge::Kernel {
 public:
  SelectKernel(KeyOrder order, std::uint64_t n, std::vector<std::uint64_t> positions,
               SelectOptions options)
      : selector_(order, n, std::move(positions), options), zeros_(n, 0.0f) {}

  bool wants_pass() const override { return selector_.wants_pass(); }
  merge::Visit visit() const override { return selector_.visit(); }
  void begin_pass(std::uint64_t blocks) override { selector_.begin_pass(blocks); }
  void accumulate(const merge::Chunk& chunk) override {
    selector_.accumulate(chunk, chunk.inputs[0], zeros_.data() + chunk.first);
  }
  void end_pass() override { selector_.end_pass(); }
  void combine(const merge::Chunk&, float*, std::span<std::uint64_t>) const override {}
  const std::vector<cpu::Cut>& cuts() const { return selector_.cuts(); }

 private:
  Selector selector_;
  Tensor zeros_;
};

/// Elements in the order, by sorting.
std::vector<std::size_t> sorted(KeyOrder order, const Tensor& x) {
  std::vector<std::size_t> list(x.size());
  std::iota(list.begin(), list.end(), 0u);
  const auto before = [&](std::size_t a, std::size_t b) {
    const bool nan_a = std::isnan(x[a]), nan_b = std::isnan(x[b]);
    const bool magnitude = order == KeyOrder::kMagnitude;
    if (nan_a != nan_b) return magnitude ? nan_a : nan_b;
    const float va = magnitude ? -std::abs(x[a]) : x[a], vb = magnitude ? -std::abs(x[b]) : x[b];
    return nan_a || va == vb ? a < b : va < vb;
  };
  std::sort(list.begin(), list.end(), before);
  return list;
}

/// Elements that precede a cut, by the kernels' keys.
std::vector<bool> preceding(KeyOrder order, const Tensor& x, cpu::Cut cut) {
  const auto& kernels = cpu::kernels(cpu::Isa::kScalar).merge;
  std::vector<std::uint32_t> keys(x.size());
  const Tensor zeros(x.size(), 0.0f);
  if (order == KeyOrder::kMagnitude) {
    kernels.magnitude_keys(x.data(), zeros.data(), keys.data(), x.size());
  } else {
    kernels.value_keys(x.data(), keys.data(), x.size());
  }
  std::vector<bool> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    result[i] = keys[i] < cut.key || (keys[i] == cut.key && i < cut.index);
  }
  return result;
}

struct Data {
  const char* label;
  Tensor x;
};

std::vector<Data> tensors(std::size_t n) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  Tensor gaussian(n), ties(n), sparse(n), rows(n), special(n), half(n);
  for (std::size_t i = 0; i < n; ++i) {
    const float g = normal(random);
    gaussian[i] = g;
    ties[i] = std::round(g * 2) / 2;
    sparse[i] = random() % 10 == 0 ? g : 0.0f;
    rows[i] = g * std::exp2(static_cast<float>(i * 40 / n) - 20);  // blocks of unequal scale
    special[i] = g;
    half[i] = i < n / 2 ? 1.0f : -1.0f;
  }
  const float inf = std::numeric_limits<float>::infinity();
  const float values[] = {inf, -inf, std::nanf(""), -std::nanf(""), 0.0f, -0.0f, 1e-42f, -1e-42f};
  for (std::size_t i = 0; i < n; i += 3) special[i] = values[(i / 3) % 8];
  return {{"gaussian", gaussian}, {"ties", ties},       {"sparse", sparse},
          {"rows", rows},         {"special", special}, {"constant", Tensor(n, -2.0f)},
          {"zero", Tensor(n)},    {"half", half}};
}

void expect_exact(KeyOrder order, const Data& data, const std::vector<std::uint64_t>& positions,
                  SelectOptions options, RunOptions run, const char* way) {
  const std::size_t n = data.x.size();
  SelectKernel kernel(order, n, positions, options);
  run_kernel(kernel, {data.x}, run);
  const std::vector<std::size_t> expected = sorted(order, data.x);
  for (std::size_t p = 0; p < positions.size(); ++p) {
    const std::vector<bool> found = preceding(order, data.x, kernel.cuts()[p]);
    for (std::size_t rank = 0; rank < n; ++rank) {
      const std::size_t i = expected[rank];
      if (order == KeyOrder::kMagnitude && data.x[i] == 0) continue;  // on either side
      ASSERT_EQ(found[i], rank < positions[p])
          << data.label << ", " << way << ", n " << n << ", position " << positions[p] << ", rank "
          << rank;
    }
  }
}

std::vector<std::uint64_t> positions_of(std::uint64_t n) {
  return {0, 1, n / 100, n / 3, n / 2, n - n / 10, n - 1, n, n + 5};
}

class SelectBothOrders : public ::testing::TestWithParam<KeyOrder> {};
INSTANTIATE_TEST_SUITE_P(Orders, SelectBothOrders,
                         ::testing::Values(KeyOrder::kMagnitude, KeyOrder::kValue));

TEST_P(SelectBothOrders, SmallTensorsCollectEverything) {
  for (const std::size_t n : {1, 2, 7, 1000, 70001}) {
    for (const Data& data : tensors(n)) {
      expect_exact(GetParam(), data, positions_of(n), {}, {.chunk = 333, .threads = 2}, "collect");
    }
  }
}

TEST_P(SelectBothOrders, SamplesBracketLargeTensors) {
  const std::size_t n = 9 * merge::kBlockElements + 4321;
  for (const Data& data : tensors(n)) {
    expect_exact(GetParam(), data, positions_of(n), {}, {.threads = 3}, "sample");
  }
}

TEST_P(SelectBothOrders, HistogramsFindTheSame) {
  const std::size_t n = 3 * merge::kBlockElements + 99;
  for (const Data& data : tensors(n)) {
    expect_exact(GetParam(), data, positions_of(n), {.sample = false}, {.threads = 3},
                 "histograms");
    expect_exact(GetParam(), data, positions_of(n), {.memory = 4096}, {.threads = 2}, "overflow");
  }
}

TEST(Select, AMissedBracketFallsBack) {
  // The sampled blocks hold small values only, so the bracket lies below the wanted position.
  const std::size_t n = 16 * merge::kBlockElements;
  Tensor x(n);
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < n; ++i) {
    const bool sampled = i / merge::kBlockElements % 2 == 0;
    x[i] = normal(random) * (sampled ? 1e-3f : 1.0f);
  }
  SelectKernel kernel(KeyOrder::kMagnitude, n, {n / 4}, {});
  const RunResult run = run_kernel(kernel, {x});
  EXPECT_GT(run.passes, 2);
  expect_exact(KeyOrder::kMagnitude, {"unfair sample", x}, {n / 4, n / 2}, {}, {}, "missed");
}

TEST(Select, LargeTensorsNeedOneSampleAndOnePass) {
  const std::size_t n = 12 * merge::kBlockElements;
  SelectKernel smooth(KeyOrder::kMagnitude, n, {n / 100, n / 2}, {});
  EXPECT_EQ(run_kernel(smooth, {tensors(n)[0].x}).passes, 2);
  // Where the cut falls among equal elements one more block tells which of them.
  SelectKernel tied(KeyOrder::kMagnitude, n, {n / 2}, {});
  EXPECT_EQ(run_kernel(tied, {tensors(n)[1].x}).passes, 3);
  EXPECT_EQ(tied.visit(), merge::Visit{});
}

TEST(Select, TrivialPositionsNeedNoPass) {
  EXPECT_FALSE(Selector(KeyOrder::kValue, 1000, {0, 1000}).wants_pass());
}

}  // namespace
}  // namespace mod::test
