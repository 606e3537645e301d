// The kernels of mixing against double on every instruction set of this machine.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "cpu/nn_kernels.h"
#include "kernel_data.h"

namespace mod::cpu::testing {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<const NnKernels*> tables() {
  std::vector<const NnKernels*> all;
  for (const Isa isa : supported_isas()) all.push_back(&nn_kernels(isa));
  return all;
}
std::string name_of(const NnKernels* k) { return std::string(isa_name(k->isa)); }

double ulps(float value, double exact) {
  return std::abs(value - exact) / std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
}

std::vector<float> log_probabilities(std::size_t n, int seed) {
  std::vector<float> x = random_floats(n, static_cast<unsigned>(seed));
  for (float& v : x) v = -40.0f * std::abs(v);
  return x;
}

std::vector<const float*> pointers(const std::vector<std::vector<float>>& rows) {
  std::vector<const float*> all;
  for (const auto& row : rows) all.push_back(row.data());
  return all;
}

TEST(MixKernels, LogIsWithinAnUlp) {
  std::vector<float> x;
  for (std::uint64_t bits = 1; bits < 0x7f800000; bits += 401) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  for (std::uint32_t bits = 0x3f7f0000; bits < 0x3f810000; ++bits) {  // around 1, where ln x is 0
    if (bits != 0x3f800000) x.push_back(std::bit_cast<float>(bits));
  }
  std::vector<float> y(x.size());
  for (const NnKernels* k : tables()) {
    k->mix.log(x.data(), y.data(), x.size());
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, ulps(y[i], std::log(x[i] * 1.0)));
    EXPECT_LT(worst, 1.0) << name_of(k);
    RecordProperty("worst_" + name_of(k), std::to_string(worst));
  }
}

TEST(MixKernels, LogAtItsEnds) {
  const std::vector<float> x = {0.0f, -0.0f, 1.0f, kInf, -1.0f, -kInf, NAN, 0x1p-149f, 0x1p-126f};
  for (const NnKernels* k : tables()) {
    std::vector<float> y(x.size());
    k->mix.log(x.data(), y.data(), x.size());
    EXPECT_EQ(y[0], -kInf);
    EXPECT_EQ(y[1], -kInf);
    EXPECT_EQ(y[2], 0.0f);
    EXPECT_EQ(y[3], kInf);
    for (int i = 4; i < 7; ++i) EXPECT_TRUE(std::isnan(y[i])) << name_of(k) << " " << x[i];
    EXPECT_FLOAT_EQ(y[7], -103.27893f);
    EXPECT_FLOAT_EQ(y[8], -87.33655f);
  }
}

TEST(MixKernels, MomentsOfAPiece) {
  for (const NnKernels* k : tables()) {
    for (const std::size_t n : {1, 7, 8, 9, 1023, 1025, 4096}) {
      std::vector<float> x = log_probabilities(n, 3);
      if (n > 8) x[5] = -kInf;
      const float scale = 1 / 0.7f;
      Moments m;
      k->mix.moments(x.data(), scale, n, &m);
      double most = -INFINITY, sum = 0, spread = 0;
      for (const float v : x) most = std::max(most, double{v} * scale);
      for (const float v : x) {
        if (v == -kInf) continue;
        const double away = double{v} * scale - most;
        sum += std::exp(away);
        spread += std::exp(away) * away;
      }
      EXPECT_NEAR(m.most, most, std::abs(most) * 0x1p-23);
      EXPECT_NEAR(m.sum, sum, 4e-6 * sum) << name_of(k) << " " << n;
      EXPECT_NEAR(m.spread, spread, 4e-6 * (1 + std::abs(spread))) << name_of(k) << " " << n;
    }
  }
}

TEST(MixKernels, MomentsOfSpecialNumbers) {
  for (const NnKernels* k : tables()) {
    Moments m;
    const std::vector<float> masked(11, -kInf);
    k->mix.moments(masked.data(), 1, 11, &m);
    EXPECT_EQ(m.most, -kInf);
    EXPECT_EQ(m.sum, 0);
    EXPECT_EQ(m.spread, 0);
    for (const float special : {NAN, kInf}) {
      for (const float rest : {0.0f, -kInf}) {
        std::vector<float> x(11, rest);
        x[4] = special;
        k->mix.moments(x.data(), 1, 11, &m);
        EXPECT_TRUE(std::isnan(m.sum)) << name_of(k);
      }
    }
  }
}

TEST(MixKernels, PowerMeanAgainstDouble) {
  const std::vector<float> log_weights = {std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  for (const NnKernels* k : tables()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<std::vector<float>> rows = {
          log_probabilities(n, 1), log_probabilities(n, 2), log_probabilities(n, 3)};
      for (const float rho : {1.0f, 0.5f, 2.0f, -1.0f, -3.0f, 0.1f}) {
        std::vector<float> y(n);
        k->mix.power_mean(pointers(rows).data(), log_weights.data(), 3, rho, y.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
          double top = -INFINITY, sum = 0;
          for (int j = 0; j < 3; ++j)
            top = std::max(top, double{rho} * rows[j][i] + log_weights[j]);
          for (int j = 0; j < 3; ++j)
            sum += std::exp(double{rho} * rows[j][i] + log_weights[j] - top);
          const double exact = (top + std::log(sum)) / rho;
          const double room = 4e-7 * (8 + std::abs(exact) + 2 / std::abs(rho));
          ASSERT_NEAR(y[i], exact, room) << name_of(k) << " rho " << rho;
        }
      }
    }
  }
}

TEST(MixKernels, EqualRowsStayBitByBit) {
  const std::vector<float> log_weights = {std::log(0.1f), std::log(0.7f), std::log(0.2f)};
  const std::vector<double> exponents = {0.1, 0.7, 0.2};
  for (const NnKernels* k : tables()) {
    const std::size_t n = 1003;
    std::vector<float> row = log_probabilities(n, 4);
    row[17] = -kInf;
    const std::vector<std::vector<float>> rows = {row, row, row};
    std::vector<float> y(n);
    for (const float rho : {1.0f, -2.0f, 0.3f, 700.0f}) {
      k->mix.power_mean(pointers(rows).data(), log_weights.data(), 3, rho, y.data(), n);
      EXPECT_EQ(y, row) << name_of(k) << " rho " << rho;
    }
    k->mix.signed_sum(pointers(rows).data(), exponents.data(), 3, -kInf, y.data(), n);
    EXPECT_EQ(y, row) << name_of(k);
  }
}

TEST(MixKernels, ZerosAndNaNs) {
  const std::vector<float> log_weights = {std::log(0.5f), std::log(0.5f)};
  const std::vector<double> exponents = {1.5, -0.5};
  const std::vector<std::vector<float>> rows = {{-kInf, -1, -kInf, NAN, -1, -kInf, NAN, -2, -3},
                                                {-2, -kInf, -kInf, -1, NAN, NAN, -kInf, -2, -3}};
  const auto p = pointers(rows);
  for (const NnKernels* k : tables()) {
    std::vector<float> y(9);
    k->mix.power_mean(p.data(), log_weights.data(), 2, 1, y.data(), 9);
    EXPECT_NEAR(y[0], -2 - std::log(2.0), 1e-6);
    EXPECT_NEAR(y[1], -1 - std::log(2.0), 1e-6);
    EXPECT_EQ(y[2], -kInf);
    for (int i = 3; i < 7; ++i) EXPECT_TRUE(std::isnan(y[i])) << name_of(k) << i;
    k->mix.power_mean(p.data(), log_weights.data(), 2, -1, y.data(), 9);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(y[i], -kInf) << name_of(k);
    for (int i = 3; i < 7; ++i) EXPECT_TRUE(std::isnan(y[i])) << name_of(k) << i;
    k->mix.signed_sum(p.data(), exponents.data(), 2, -2.5f, y.data(), 9);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(y[i], -kInf) << name_of(k);
    for (int i = 3; i < 7; ++i) EXPECT_TRUE(std::isnan(y[i])) << name_of(k) << i;
    EXPECT_EQ(y[7], -2);
    EXPECT_EQ(y[8], -kInf) << "below the cut";
    for (const bool largest : {true, false}) {
      k->mix.extreme(p.data(), 2, largest, y.data(), 9);
      EXPECT_EQ(y[0], largest ? -2 : -kInf);
      EXPECT_EQ(y[1], largest ? -1 : -kInf);
      EXPECT_EQ(y[2], -kInf);
      for (int i = 3; i < 7; ++i) EXPECT_TRUE(std::isnan(y[i])) << name_of(k) << i;
    }
  }
}

TEST(MixKernels, SignedSumAgainstDouble) {
  const std::vector<double> exponents = {1, 0.8, -0.8};
  for (const NnKernels* k : tables()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<std::vector<float>> rows = {
          log_probabilities(n, 5), log_probabilities(n, 6), log_probabilities(n, 7)};
      std::vector<float> y(n);
      k->mix.signed_sum(pointers(rows).data(), exponents.data(), 3, -kInf, y.data(), n);
      for (std::size_t i = 0; i < n; ++i) {
        double exact = 0;
        for (int j = 0; j < 3; ++j) exact += exponents[j] * rows[j][i];
        ASSERT_NEAR(y[i], exact, 2e-5) << name_of(k);
      }
    }
  }
}

TEST(MixKernels, InPlaceAndNothingPastTheEnd) {
  const std::vector<float> log_weights = {-1, -2};
  const std::vector<double> exponents = {2, -1};
  for (const NnKernels* k : tables()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<float> a = log_probabilities(n, 8), b = log_probabilities(n, 9);
      const float* rows[] = {a.data(), b.data()};
      GuardedBytes out(4 * n, 4);
      auto* y = reinterpret_cast<float*>(out.data());
      const auto check = [&](const auto& call) {
        call(rows, y);
        std::vector<float> in_place = b;
        const float* aliased[] = {a.data(), in_place.data()};
        call(aliased, in_place.data());
        EXPECT_TRUE(n == 0 || std::memcmp(in_place.data(), y, 4 * n) == 0) << name_of(k);
        EXPECT_TRUE(out.intact()) << name_of(k) << " " << n;
      };
      check([&](const float* const* r, float* o) {
        k->mix.power_mean(r, log_weights.data(), 2, 1, o, n);
      });
      check([&](const float* const* r, float* o) {
        k->mix.signed_sum(r, exponents.data(), 2, -9, o, n);
      });
      check([&](const float* const* r, float* o) { k->mix.extreme(r, 2, true, o, n); });
      check([&](const float* const* r, float* o) { k->mix.shift(r[1], 2, 3, 4, o, n); });
      check([&](const float* const* r, float* o) { k->mix.log(r[1], o, n); });
    }
  }
}

}  // namespace
}  // namespace mod::cpu::testing
