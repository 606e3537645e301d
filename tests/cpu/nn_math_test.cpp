// exp, tanh, erf-based functions, softmax and norms against double on every instruction set of this
// machine: the largest error over dense sweeps stays below the bound that the source states.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "cpu/nn_kernels.h"
#include "kernel_data.h"

namespace mod::cpu::testing {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<const NnKernels*> all_nn_kernels() {
  std::vector<const NnKernels*> tables;
  for (const Isa isa : supported_isas()) tables.push_back(&nn_kernels(isa));
  return tables;
}
std::string name_of(const NnKernels* k) { return std::string(isa_name(k->isa)); }

/// |value - exact| in units of the last place of fp32 at `exact`.
double ulps(float value, double exact) {
  const double place = std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
  return std::abs(value - exact) / place;
}

/// Every `stride`-th float from `from` to `to`, both of one sign, in order of magnitude.
std::vector<float> floats_between(float from, float to, std::uint32_t stride) {
  std::uint32_t a, b;
  std::memcpy(&a, &from, 4);
  std::memcpy(&b, &to, 4);
  std::vector<float> all;
  for (std::uint64_t bits = a; bits <= b; bits += stride) {
    const auto word = static_cast<std::uint32_t>(bits);
    float x;
    std::memcpy(&x, &word, 4);
    all.push_back(x);
  }
  return all;
}

using Map = std::function<void(const float*, float*, std::size_t)>;

double worst_ulps(const std::vector<float>& x, const Map& map, double (*exact)(double)) {
  std::vector<float> y(x.size());
  map(x.data(), y.data(), x.size());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, ulps(y[i], exact(x[i])));
  return worst;
}

// 1.014 ulp over all floats of the range (AVX2), 0.99 (scalar).
TEST(NnMath, ExpIsWithinAUlpAndABit) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const float end : {88.72f, -103.9f}) {
      const double worst = worst_ulps(floats_between(std::copysign(0x1p-30f, end), end, 173),
                                      k->vector.exp, [](double x) { return std::exp(x); });
      EXPECT_LT(worst, 1.1) << name_of(k) << " to " << end;
      RecordProperty("worst_" + name_of(k) + (end > 0 ? "_positive" : "_negative"),
                     std::to_string(worst));
    }
  }
}

TEST(NnMath, ExpAtItsEnds) {
  for (const NnKernels* k : all_nn_kernels()) {
    const std::vector<float> x = {0.0f,        -0.0f,       89.0f,    1e30f, kInf,
                                  -104.0f,     -1e30f,      -kInf,    NAN,   0x1p-149f,
                                  88.7228317f, 88.7228394f, -103.972f};
    const std::vector<float> expected = {1, 1,   kInf, kInf,           kInf, 0,        0,
                                         0, NAN, 1,    3.40279851e38f, kInf, 0x1p-149f};
    std::vector<float> y(x.size());
    k->vector.exp(x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(y[i])) << name_of(k);
      } else {
        EXPECT_FLOAT_EQ(y[i], expected[i]) << name_of(k) << " exp(" << x[i] << ")";
      }
    }
  }
}

TEST(NnMath, SoftCapIsTanh) {
  for (const NnKernels* k : all_nn_kernels()) {
    const Map tanh_of = [k](const float* x, float* y, std::size_t n) {
      k->vector.soft_cap(x, 1.0f, y, n);
    };
    for (const float sign : {1.0f, -1.0f}) {
      const double worst = worst_ulps(floats_between(sign * 0x1p-40f, sign * 12.0f, 97), tanh_of,
                                      [](double x) { return std::tanh(x); });
      EXPECT_LT(worst, 2.0) << name_of(k);
    }
    const std::vector<float> x = {0.0f, -0.0f, 1e30f, -kInf, NAN, 30.0f};
    std::vector<float> y(x.size());
    k->vector.soft_cap(x.data(), 30.0f, y.data(), x.size());
    EXPECT_EQ(y[0], 0.0f);
    EXPECT_TRUE(std::signbit(y[1]));
    EXPECT_EQ(y[2], 30.0f);
    EXPECT_EQ(y[3], -30.0f);
    EXPECT_TRUE(std::isnan(y[4]));
    EXPECT_NEAR(y[5], 30 * std::tanh(1.0), 1e-5);
  }
}

double gelu(double g) { return g * 0.5 * std::erfc(-g / std::sqrt(2.0)); }
double gelu_tanh(double g) {
  return g / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
}
double silu(double g) { return g / (1 + std::exp(-g)); }

// In the negative tail the exponent e of the result is a number of up to five roundings: its error
// of 2.5 e units of 2^-23 is a relative one of the result, besides the 6 units of the rest.
void expect_gate(const NnKernels* k, const char* what, decltype(VectorKernels::silu_mul) kernel,
                 double (*exact)(double), float least, double (*exponent)(double)) {
  std::vector<float> gate = floats_between(-0x1p-30f, least, 3001);
  const std::vector<float> positive = floats_between(0x1p-30f, 40.0f, 3001);
  gate.insert(gate.end(), positive.begin(), positive.end());
  const std::vector<float> up(gate.size(), 1.0f);
  std::vector<float> y(gate.size());
  kernel(gate.data(), up.data(), y.data(), gate.size());
  for (std::size_t i = 0; i < gate.size(); ++i) {
    const double bound = 6 + 2.5 * std::abs(exponent(gate[i]));
    ASSERT_LT(ulps(y[i], exact(gate[i])), bound)
        << what << " on " << name_of(k) << " at " << gate[i];
  }
}

TEST(NnMath, Gates) {
  for (const NnKernels* k : all_nn_kernels()) {
    expect_gate(k, "silu", k->vector.silu_mul, silu, -85.0f, [](double) { return 0.0; });
    expect_gate(k, "gelu", k->vector.gelu_mul, gelu, -12.9f, [](double g) { return g * g / 2; });
    expect_gate(k, "gelu tanh", k->vector.gelu_tanh_mul, gelu_tanh, -9.0f,
                [](double g) { return 2 * std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g); });
    for (const auto kernel : {k->vector.silu_mul, k->vector.gelu_mul, k->vector.gelu_tanh_mul}) {
      const std::vector<float> gate = {0.0f, 1e30f, -1e30f, NAN, kInf, 2.0f}, up(6, 2.0f);
      std::vector<float> y(6);
      kernel(gate.data(), up.data(), y.data(), 6);
      EXPECT_EQ(y[0], 0.0f);
      EXPECT_EQ(y[1], 2e30f) << name_of(k);
      EXPECT_EQ(y[2], 0.0f) << name_of(k);
      EXPECT_TRUE(std::isnan(y[3]));
      EXPECT_EQ(y[4], kInf) << name_of(k);
    }
  }
}

// Without fused multiply-add the square of x in the exponent is a rounded one: expect_gate allows
// it.
TEST(NnMath, GatesTakeTheirFactor) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<float> gate = random_floats(n, 1), up = random_floats(n, 2);
      std::vector<float> y(n), in_place = gate;
      k->vector.silu_mul(gate.data(), up.data(), y.data(), n);
      k->vector.silu_mul(in_place.data(), up.data(), in_place.data(), n);
      EXPECT_EQ(in_place, y);
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_NEAR(y[i], silu(gate[i]) * up[i], 1e-6 * std::abs(gate[i] * up[i])) << name_of(k);
      }
    }
  }
}

/// log sum exp in double.
double log_sum(const std::vector<float>& x) {
  double most = -INFINITY, sum = 0;
  for (const float v : x) most = std::max(most, double{v});
  for (const float v : x) sum += std::exp(v - most);
  return most + std::log(sum);
}

std::vector<float> logits(std::size_t n) {
  std::vector<float> x = random_floats(n, 5);
  for (float& v : x) v *= 100.0f;
  return x;
}

// Each weight errs by the rounding of x - max (2^-24 of up to 40 where it counts), exp, sum and
// division: 40 * 2^-24 + 4 * 2^-23 + the sum's (1024 / 4 / 4) * 2^-24 in the narrowest vectors.
TEST(NnMath, SoftmaxOfAVocabulary) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const std::size_t n : {std::size_t{1}, std::size_t{7}, std::size_t{1023},
                                std::size_t{1025}, std::size_t{151936}}) {
      const std::vector<float> x = logits(n);
      const double total = log_sum(x);
      std::vector<float> y(n);
      k->vector.softmax(x.data(), y.data(), n);
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double exact = std::exp(x[i] - total);
        ASSERT_NEAR(y[i], exact, 1e-5 * exact + 1e-37) << name_of(k) << " " << i << " of " << n;
        sum += y[i];
      }
      EXPECT_NEAR(sum, 1.0, 1e-5);
      k->vector.log_softmax(x.data(), y.data(), n);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_NEAR(y[i], x[i] - total, 4e-6 + 2e-7 * std::abs(x[i] - total)) << name_of(k);
      }
      EXPECT_NEAR(k->vector.log_sum_exp(x.data(), n), total, 4e-6 + 2e-7 * std::abs(total));
    }
  }
}

TEST(NnMath, SoftmaxOfSpecialNumbers) {
  for (const NnKernels* k : all_nn_kernels()) {
    std::vector<float> x(40, -kInf), y(40);
    x[3] = 1000.0f;
    x[37] = 1000.0f;
    k->vector.softmax(x.data(), y.data(), 40);
    for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(y[i], i == 3 || i == 37 ? 0.5f : 0.0f);
    k->vector.log_softmax(x.data(), y.data(), 40);
    EXPECT_EQ(y[0], -kInf);
    EXPECT_NEAR(y[3], -std::log(2.0), 1e-7);
    for (const float special : {NAN, kInf}) {
      x[5] = special;
      k->vector.softmax(x.data(), y.data(), 40);
      for (const float v : y) EXPECT_TRUE(std::isnan(v)) << name_of(k);
    }
    const std::vector<float> nothing(9, -kInf);
    k->vector.softmax(nothing.data(), y.data(), 9);
    EXPECT_TRUE(std::isnan(y[0]));
    EXPECT_EQ(k->vector.log_sum_exp(nullptr, 0), -kInf);
    k->vector.softmax(nullptr, nullptr, 0);
    k->vector.log_softmax(nullptr, nullptr, 0);
  }
}

TEST(NnMath, RmsNorm) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const std::size_t n : {1, 3, 8, 17, 64, 896, 897, 4864}) {
      const std::vector<float> x = random_floats(n, 6), w = random_floats(n, 7);
      for (const float offset : {0.0f, 1.0f}) {
        double squares = 0;
        for (const float v : x) squares += double{v} * v;
        const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-6);
        std::vector<float> y(n), in_place = x;
        k->vector.rms_norm(x.data(), w.data(), offset, 1e-6f, y.data(), n);
        k->vector.rms_norm(in_place.data(), w.data(), offset, 1e-6f, in_place.data(), n);
        EXPECT_EQ(in_place, y);
        const double relative = (static_cast<double>(n) / 32 + 6) * 0x1p-23;
        for (std::size_t i = 0; i < n; ++i) {
          const double exact = x[i] * scale * (w[i] + offset);
          ASSERT_NEAR(y[i], exact, relative * std::abs(exact) + 1e-12) << name_of(k) << " " << n;
        }
      }
    }
  }
}

TEST(NnMath, RopeRotatesHalves) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const std::size_t half : {1, 4, 7, 16, 20, 32, 64}) {
      const std::vector<float> before = random_floats(2 * half + 1, 8);
      std::vector<float> x = before, cos(half), sin(half);
      for (std::size_t i = 0; i < half; ++i) {
        cos[i] = std::cos(0.3f * static_cast<float>(i));
        sin[i] = std::sin(0.3f * static_cast<float>(i));
      }
      k->vector.rope(x.data(), cos.data(), sin.data(), half);
      for (std::size_t i = 0; i < half; ++i) {
        const double a = before[i], b = before[i + half], size = std::abs(a) + std::abs(b);
        EXPECT_NEAR(x[i], a * cos[i] - b * sin[i], size * 0x1p-23) << name_of(k);
        EXPECT_NEAR(x[i + half], b * cos[i] + a * sin[i], size * 0x1p-23) << name_of(k);
      }
      EXPECT_EQ(x.back(), before.back());
    }
  }
}

TEST(NnMath, SimpleVectors) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<float> x = random_floats(n, 9), y = random_floats(n, 10);
      std::vector<float> sum = y, scaled(n), more = y;
      k->vector.add(x.data(), sum.data(), n);
      k->vector.scale(0.3f, x.data(), scaled.data(), n);
      k->vector.axpy(0.3f, x.data(), more.data(), n);
      double dot = 0, size = 0;
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_EQ(sum[i], x[i] + y[i]);
        EXPECT_EQ(scaled[i], 0.3f * x[i]);
        EXPECT_NEAR(more[i], y[i] + double{0.3f} * x[i],
                    (std::abs(x[i]) + std::abs(y[i])) * 0x1p-23);
        dot += double{x[i]} * y[i];
        size += std::abs(double{x[i]} * y[i]);
      }
      EXPECT_NEAR(k->vector.dot(x.data(), y.data(), n), dot,
                  size * (static_cast<double>(n) / 16 + 8) * 0x1p-23);
    }
  }
}

TEST(NnMath, ArgmaxIsTheFirstOfEquals) {
  for (const NnKernels* k : all_nn_kernels()) {
    EXPECT_EQ(k->vector.argmax(nullptr, 0), 0u);
    for (std::size_t n = 1; n < 70; ++n) {
      for (std::size_t at = 0; at < n; at += 3) {
        std::vector<float> x(n, -5.0f);
        x[at] = -1.0f;
        if (at + 2 < n) x[at + 2] = -1.0f;
        if (at > 0) x[at - 1] = NAN;
        EXPECT_EQ(k->vector.argmax(x.data(), n), at) << name_of(k);
      }
    }
    const std::vector<float> special = {NAN, -kInf, NAN, kInf, kInf};
    EXPECT_EQ(k->vector.argmax(special.data(), 1), 0u);
    EXPECT_EQ(k->vector.argmax(special.data(), 3), 1u);
    EXPECT_EQ(k->vector.argmax(special.data(), 5), 3u);
  }
}

TEST(NnMath, NothingIsWrittenPastTheEnd) {
  for (const NnKernels* k : all_nn_kernels()) {
    for (const std::size_t n : awkward_sizes()) {
      const std::vector<float> x = random_floats(n, 11);
      GuardedBytes out(4 * n, 4);
      auto* y = reinterpret_cast<float*>(out.data());
      k->vector.exp(x.data(), y, n);
      k->vector.softmax(x.data(), y, n);
      k->vector.log_softmax(x.data(), y, n);
      k->vector.rms_norm(x.data(), x.data(), 0, 1e-6f, y, n);
      k->vector.gelu_mul(x.data(), x.data(), y, n);
      k->vector.gelu_tanh_mul(x.data(), x.data(), y, n);
      k->vector.soft_cap(x.data(), 2.0f, y, n);
      k->vector.axpy(2.0f, x.data(), y, n);
      EXPECT_TRUE(out.intact()) << name_of(k) << " " << n;
    }
  }
}

}  // namespace
}  // namespace mod::cpu::testing
