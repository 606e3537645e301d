// The same bits on every instruction set: every conversion and reduction on random data with NaN,
// infinities and denormals, at sizes around the vector widths and at odd addresses. Writes outside
// the output are noticed.
#include <gtest/gtest.h>

#include <functional>

#include "kernel_data.h"

namespace mod::cpu::testing {
namespace {

using Bytes = std::vector<unsigned char>;
/// Runs one kernel; returns every byte it produced.
using Run = std::function<Bytes(const Kernels&, std::size_t n, std::size_t offset)>;

void expect_equal_on_all(const std::string& kernel, const Run& run) {
  for (const std::size_t n : awkward_sizes()) {
    for (const std::size_t offset : {0, 1, 2, 4, 12, 28, 60}) {
      const Bytes expected = run(kernels(Isa::kScalar), n, offset);
      for (const Kernels* k : all_kernels()) {
        ASSERT_EQ(run(*k, n, offset), expected)
            << kernel << " on " << name_of(k) << ", n " << n << ", offset " << offset;
      }
    }
  }
}

/// A copy of x at an address that is `offset` past a multiple of 64.
GuardedBytes placed(const std::vector<float>& x, std::size_t offset) {
  GuardedBytes bytes(x.size() * sizeof(float), offset);
  if (!x.empty()) std::memcpy(bytes.data(), x.data(), x.size() * sizeof(float));
  return bytes;
}

// Bytes come from files, whose tensors may begin anywhere: also offsets that no float has.
TEST(IsaEquality, Widen) {
  for (int t = 0; t < kDTypeCount; ++t) {
    if (kernels(Isa::kScalar).convert.widen[t] == nullptr) continue;
    const std::size_t size = dtype_size(static_cast<DType>(t));
    expect_equal_on_all("widen", [&](const Kernels& k, std::size_t n, std::size_t offset) {
      GuardedBytes in(n * size, offset), out(n * sizeof(float), offset / 4 * 4);
      std::mt19937 random(static_cast<std::uint32_t>(n));
      for (std::size_t i = 0; i < n * size; ++i) {
        in.data()[i] = static_cast<unsigned char>(random());
      }
      k.convert.widen[t](in.data(), reinterpret_cast<float*>(out.data()), n);
      EXPECT_TRUE(out.intact());
      return out.bytes();
    });
  }
}

TEST(IsaEquality, Narrow) {
  for (int t = 0; t < kDTypeCount; ++t) {
    if (kernels(Isa::kScalar).convert.narrow[t] == nullptr) continue;
    const std::size_t size = dtype_size(static_cast<DType>(t));
    expect_equal_on_all("narrow", [&](const Kernels& k, std::size_t n, std::size_t offset) {
      GuardedBytes in = placed(random_floats(n, 3, Numbers::kSpecial), offset / 4 * 4);
      GuardedBytes out(n * size, offset);
      k.convert.narrow[t](reinterpret_cast<const float*>(in.data()), out.data(), n);
      EXPECT_TRUE(out.intact());
      return out.bytes();
    });
  }
}

// One pass, or three: the same bytes, the same values left behind, the same count.
TEST(IsaEquality, SettleIsNarrowWidenAndCount) {
  for (int t = 0; t < kDTypeCount; ++t) {
    const ConvertKernels& scalar = kernels(Isa::kScalar).convert;
    ASSERT_EQ(scalar.settle[t] == nullptr, scalar.narrow[t] == nullptr) << t;
    if (scalar.settle[t] == nullptr) continue;
    const std::size_t size = dtype_size(static_cast<DType>(t));
    for (const Numbers numbers : {Numbers::kFinite, Numbers::kSpecial}) {
      for (const std::size_t n : awkward_sizes()) {
        const std::vector<float> x = random_floats(n, 5, numbers);
        Bytes bytes(n * size);
        std::vector<float> written(n);
        scalar.narrow[t](x.data(), bytes.data(), n);
        scalar.widen[t](bytes.data(), written.data(), n);
        const std::size_t odd = kernels(Isa::kScalar).reduce.count_nonfinite(written.data(), n);
        for (const Kernels* k : all_kernels()) {
          GuardedBytes in = placed(x, 4), out(n * size, 2);
          EXPECT_EQ(k->convert.settle[t](reinterpret_cast<float*>(in.data()), out.data(), n), odd);
          EXPECT_TRUE(in.intact() && out.intact());
          ASSERT_EQ(out.bytes(), bytes) << name_of(k) << ", n " << n;
          ASSERT_EQ(in.bytes(), placed(written, 4).bytes()) << name_of(k) << ", n " << n;
        }
      }
    }
  }
}

TEST(IsaEquality, RoundToBf16) {
  expect_equal_on_all("round_to_bf16", [](const Kernels& k, std::size_t n, std::size_t offset) {
    GuardedBytes x = placed(random_floats(n, 4, Numbers::kSpecial), offset / 4 * 4);
    k.convert.round_to_bf16(reinterpret_cast<float*>(x.data()), n);
    EXPECT_TRUE(x.intact());
    return x.bytes();
  });
}

template <class T>
void append(Bytes& bytes, T value) {
  unsigned char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  for (const unsigned char byte : raw) bytes.push_back(byte);
}

Bytes all_reductions(const Kernels& k, const float* x, const float* y, const float* b,
                     std::size_t n) {
  Bytes bytes;
  append(bytes, k.reduce.sum(x, n));
  append(bytes, k.reduce.sum_abs(x, n));
  append(bytes, k.reduce.dot(x, y, n));
  append(bytes, k.reduce.squared_distance(x, y, n));
  append(bytes, k.reduce.near_squared_distance(x, y, n));
  append(bytes, k.reduce.dot_delta(x, y, b, n));
  const MinMax range = k.reduce.min_max(x, n);
  append(bytes, range.min);
  append(bytes, range.max);
  append(bytes, range.has_nan);
  append(bytes, k.reduce.count_nonfinite(x, n));
  append(bytes, k.reduce.count_nonzero(x, n));
  append(bytes, k.reduce.count_different(x, y, n));
  return bytes;
}

void expect_equal_reductions(Numbers numbers) {
  expect_equal_on_all("reductions", [=](const Kernels& k, std::size_t n, std::size_t offset) {
    const std::size_t at = offset / 4 * 4;
    GuardedBytes x = placed(random_floats(n, 5, numbers), at);
    GuardedBytes y = placed(random_floats(n, 6, numbers), at),
                 b = placed(random_floats(n, 7, numbers), 0);
    return all_reductions(k, reinterpret_cast<const float*>(x.data()),
                          reinterpret_cast<const float*>(y.data()),
                          reinterpret_cast<const float*>(b.data()), n);
  });
}

TEST(IsaEquality, ReductionsOfWeights) { expect_equal_reductions(Numbers::kFinite); }
TEST(IsaEquality, ReductionsOfSpecialNumbers) { expect_equal_reductions(Numbers::kSpecial); }

// Denormals and huge numbers without NaN, which would hide every difference.
TEST(IsaEquality, ReductionsOfExtremeButFiniteNumbers) {
  expect_equal_on_all("reductions", [](const Kernels& k, std::size_t n, std::size_t) {
    std::vector<float> x[3];
    for (std::uint32_t i = 0; i < 3; ++i) {
      x[i] = random_floats(n, 20 + i, Numbers::kSpecial);
      for (float& v : x[i]) v = std::isfinite(v) ? v * 0.25f : 0x1p-140f;
    }
    return all_reductions(k, x[0].data(), x[1].data(), x[2].data(), n);
  });
}

TEST(IsaEquality, ZerosOfBothSignsInMinMax) {
  expect_equal_on_all("min_max", [](const Kernels& k, std::size_t n, std::size_t) {
    std::mt19937 random(static_cast<std::uint32_t>(n));
    std::vector<float> x(n);
    for (float& v : x) v = random() % 2 ? 0.0f : -0.0f;
    const MinMax range = k.reduce.min_max(x.data(), n);
    Bytes bytes;
    append(bytes, range.min);
    append(bytes, range.max);
    return bytes;
  });
}

}  // namespace
}  // namespace mod::cpu::testing
