// Reductions against long double within derived bounds, against the definition of the 16 lanes bit
// for bit, and on the values that have a rule of their own.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "formats.h"
#include "kernel_data.h"

namespace mod::cpu::testing {
namespace {

using Term = std::function<double(std::size_t)>;

/// The definition: element i to lane i mod 16, lanes l and l + 8, then l + 4, then l + 2, then l
/// + 1.
double lane_sum(std::size_t n, const Term& term) {
  double lane[16] = {};
  for (std::size_t i = 0; i < n; ++i) lane[i % 16] += term(i);
  for (int width = 8; width > 0; width /= 2) {
    for (int l = 0; l < width; ++l) lane[l] += lane[l + width];
  }
  return lane[0];
}

struct Case {
  const char* name;
  double result;
  Term term;  // exact in fp64 for fp32 inputs
};

std::vector<Case> cases(const Kernels& k, const std::vector<float>& x, const std::vector<float>& y,
                        const std::vector<float>& b) {
  const std::size_t n = x.size();
  const ReduceKernels& r = k.reduce;
  return {
      {"sum", r.sum(x.data(), n), [&](std::size_t i) { return double{x[i]}; }},
      {"sum_abs", r.sum_abs(x.data(), n), [&](std::size_t i) { return std::fabs(double{x[i]}); }},
      {"dot", r.dot(x.data(), y.data(), n), [&](std::size_t i) { return double{x[i]} * y[i]; }},
      {"squared_distance", r.squared_distance(x.data(), y.data(), n),
       [&](std::size_t i) {
         const float d = x[i] - y[i];
         return double{d} * d;
       }},
      {"dot_delta", r.dot_delta(x.data(), y.data(), b.data(), n),
       [&](std::size_t i) {
         const float dx = x[i] - b[i], dy = y[i] - b[i];
         return double{dx} * dy;
       }},
  };
}

TEST(Reduce, SumsFollowTheLaneDefinition) {
  for (const Kernels* k : all_kernels()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<float> x = random_floats(n, 1), y = random_floats(n, 2),
                               b = random_floats(n, 3);
      for (const Case& c : cases(*k, x, y, b)) {
        EXPECT_EQ(c.result, lane_sum(n, c.term)) << c.name << " on " << name_of(k) << ", n " << n;
      }
    }
  }
}

// The terms are exact, so each lane makes at most n/16 additions and the tree four: the error is
// below (n/16 + 4) u sum|term| with u = 2^-53 (and long double adds 2^-64 of its own for each
// addition).
TEST(Reduce, SumsAreWithinTheirErrorBound) {
  const std::size_t n = 100003;
  const std::vector<float> x = random_floats(n, 11), y = random_floats(n, 12),
                           b = random_floats(n, 13);
  for (const Kernels* k : all_kernels()) {
    for (const Case& c : cases(*k, x, y, b)) {
      long double exact = 0, size = 0;
      for (std::size_t i = 0; i < n; ++i) {
        exact += static_cast<long double>(c.term(i));
        size += std::fabs(static_cast<long double>(c.term(i)));
      }
      const long double bound = size * ((static_cast<long double>(n) / 16 + 5) * 0x1p-53L +
                                        static_cast<long double>(n) * 0x1p-64L);
      EXPECT_LE(std::fabs(static_cast<long double>(c.result) - exact), bound)
          << c.name << " on " << name_of(k);
    }
  }
}

// fp32 accumulation would lose every one of these.
TEST(Reduce, SumsAreHeldInDouble) {
  std::vector<float> x(16 * 1000, 0x1p-20f);
  for (std::size_t l = 0; l < 16; ++l) x[l] = 16777216.0f;
  for (const Kernels* k : all_kernels()) {
    EXPECT_EQ(k->reduce.sum(x.data(), x.size()), 16 * 16777216.0 + 16 * 999 * 0x1p-20)
        << name_of(k);
  }
}

TEST(Reduce, NearSquaredDistanceIsWithinAMillionth) {
  for (const Kernels* k : all_kernels()) {
    for (const std::size_t n : {std::size_t{1}, std::size_t{127}, std::size_t{128},
                                std::size_t{2048}, std::size_t{4099}}) {
      std::vector<float> x(n), y(n);
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = std::sin(static_cast<float>(i));
        y[i] = x[i] + 1e-3f * std::cos(3.0f * static_cast<float>(i));
      }
      const double exact = k->reduce.squared_distance(x.data(), y.data(), n);
      EXPECT_NEAR(k->reduce.near_squared_distance(x.data(), y.data(), n), exact, 1e-6 * exact)
          << name_of(k) << " " << n;
    }
  }
}

// An exact difference would be 2^-30; the fp32 difference of these two is the same, but of the next
// pair it is rounded.
TEST(Reduce, DifferencesAreRoundedToFp32) {
  const float x = 1.0f, y = -0x1.000002p-24f;
  const float rounded = x - y;
  ASSERT_NE(double{rounded}, double{x} - double{y});
  for (const Kernels* k : all_kernels()) {
    EXPECT_EQ(k->reduce.squared_distance(&x, &y, 1), double{rounded} * rounded) << name_of(k);
    EXPECT_EQ(k->reduce.dot_delta(&x, &x, &y, 1), double{rounded} * rounded) << name_of(k);
  }
}

TEST(Reduce, ProductsBeyondFp32DoNotOverflow) {
  const std::vector<float> big(20, 3e38f), small(20, 1e-40f);
  for (const Kernels* k : all_kernels()) {
    EXPECT_EQ(k->reduce.dot(big.data(), big.data(), 1), double{3e38f} * 3e38f) << name_of(k);
    EXPECT_TRUE(std::isfinite(k->reduce.dot(big.data(), big.data(), 20))) << name_of(k);
    EXPECT_GT(k->reduce.dot(small.data(), small.data(), 20), 0.0) << name_of(k);
  }
}

TEST(Reduce, EmptyRuns) {
  for (const Kernels* k : all_kernels()) {
    EXPECT_EQ(k->reduce.sum(nullptr, 0), 0.0);
    EXPECT_EQ(k->reduce.dot(nullptr, nullptr, 0), 0.0);
    const MinMax range = k->reduce.min_max(nullptr, 0);
    EXPECT_EQ(range.min, INFINITY);
    EXPECT_EQ(range.max, -INFINITY);
    EXPECT_FALSE(range.has_nan);
    EXPECT_EQ(k->reduce.count_different(nullptr, nullptr, 0), 0u);
  }
}

TEST(Reduce, NanAndInfinityReachTheSums) {
  for (const Kernels* k : all_kernels()) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::vector<float> x(40, 1.0f), y(40, 1.0f);
      x[at] = INFINITY;
      EXPECT_EQ(k->reduce.sum(x.data(), 40), INFINITY);
      EXPECT_EQ(k->reduce.squared_distance(x.data(), y.data(), 40), INFINITY);
      y[at] = INFINITY;  // inf - inf
      EXPECT_TRUE(std::isnan(k->reduce.squared_distance(x.data(), y.data(), 40)));
      x[at] = -std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(k->reduce.sum(x.data(), 40))) << name_of(k) << " " << at;
      EXPECT_TRUE(std::isnan(k->reduce.dot(x.data(), y.data(), 40))) << name_of(k) << " " << at;
    }
  }
}

TEST(Reduce, MinMaxPassesOverNan) {
  for (const Kernels* k : all_kernels()) {
    for (std::size_t at = 0; at < 67; ++at) {
      std::vector<float> x(67);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 30.0f;
      x[at] = std::numeric_limits<float>::quiet_NaN();
      const MinMax range = k->reduce.min_max(x.data(), x.size());
      EXPECT_EQ(range.min, at == 0 ? -29.0f : -30.0f) << name_of(k) << " " << at;
      EXPECT_EQ(range.max, at == 66 ? 35.0f : 36.0f) << name_of(k) << " " << at;
      EXPECT_TRUE(range.has_nan) << name_of(k) << " " << at;
    }
    const std::vector<float> nans(35, std::numeric_limits<float>::quiet_NaN());
    const MinMax range = k->reduce.min_max(nans.data(), nans.size());
    EXPECT_EQ(range.min, INFINITY);
    EXPECT_EQ(range.max, -INFINITY);
  }
}

TEST(Reduce, CountsAgreeWithTheirDefinitions) {
  for (const Kernels* k : all_kernels()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<float> x = random_floats(n, 31, Numbers::kSpecial);
      std::vector<float> y = x;
      for (std::size_t i = 0; i < n; i += 3) y[i] = x[i] == 0.0f ? -x[i] : x[i] + 1.0f;
      std::size_t nonfinite = 0, nonzero = 0, different = 0;
      for (std::size_t i = 0; i < n; ++i) {
        nonfinite += std::isfinite(x[i]) ? 0 : 1;
        nonzero += x[i] != 0.0f ? 1 : 0;
        const bool both_nan = std::isnan(x[i]) && std::isnan(y[i]);
        different += bits_of(x[i]) != bits_of(y[i]) && !both_nan ? 1 : 0;
      }
      EXPECT_EQ(k->reduce.count_nonfinite(x.data(), n), nonfinite) << name_of(k) << " " << n;
      EXPECT_EQ(k->reduce.count_nonzero(x.data(), n), nonzero) << name_of(k) << " " << n;
      EXPECT_EQ(k->reduce.count_different(x.data(), y.data(), n), different)
          << name_of(k) << " " << n;
    }
  }
}

}  // namespace
}  // namespace mod::cpu::testing
