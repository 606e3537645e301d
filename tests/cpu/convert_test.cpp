// Every 16-bit and 8-bit code, and a sample of all fp32 numbers, on every instruction set against
// the definitions of formats.h. All 2^32 fp32 numbers: long/all_floats_test.cpp.
#include <gtest/gtest.h>

#include <numeric>

#include "formats.h"
#include "kernel_data.h"

namespace mod::cpu::testing {
namespace {

constexpr int kBf16 = static_cast<int>(DType::BF16), kF16 = static_cast<int>(DType::F16);
constexpr int kE4m3 = static_cast<int>(DType::F8_E4M3), kE5m2 = static_cast<int>(DType::F8_E5M2);
constexpr int kF32 = static_cast<int>(DType::F32), kF64 = static_cast<int>(DType::F64);

template <class Code>
std::vector<Code> all_codes() {
  std::vector<Code> codes(std::size_t{1} << (8 * sizeof(Code)));
  std::iota(codes.begin(), codes.end(), Code{0});
  return codes;
}

template <class Code, class Expected>
void expect_widened(int dtype, Expected expected) {
  const std::vector<Code> codes = all_codes<Code>();
  for (const Kernels* k : all_kernels()) {
    std::vector<float> wide(codes.size());
    k->convert.widen[dtype](codes.data(), wide.data(), codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      ASSERT_EQ(bits_of(wide[i]), expected(codes[i])) << name_of(k) << ", code " << i;
    }
    // One at a time: the code after the vector loop must agree with it.
    for (std::size_t i = 0; i < codes.size(); ++i) {
      float one = 0;
      k->convert.widen[dtype](&codes[i], &one, 1);
      ASSERT_EQ(bits_of(one), expected(codes[i])) << name_of(k) << ", single code " << i;
    }
  }
}

TEST(Convert, WidensEveryBf16) {
  expect_widened<std::uint16_t>(kBf16, [](std::uint32_t code) { return code << 16; });
}
TEST(Convert, WidensEveryF16) { expect_widened<std::uint16_t>(kF16, f16_widened); }
TEST(Convert, WidensEveryE4m3) { expect_widened<std::uint8_t>(kE4m3, e4m3_widened); }
TEST(Convert, WidensEveryE5m2) { expect_widened<std::uint8_t>(kE5m2, e5m2_widened); }

TEST(Convert, KnownCodesOfTheFormats) {
  const Kernels& k = kernels(Isa::kScalar);
  const auto widened = [&k](int dtype, auto code) {
    float out = -1;
    k.convert.widen[dtype](&code, &out, 1);
    return out;
  };
  using Byte = std::uint8_t;
  using Half = std::uint16_t;
  EXPECT_EQ(widened(kE4m3, Byte{0x7e}), 448.0f);
  EXPECT_EQ(widened(kE4m3, Byte{0x01}), 0.001953125f);
  EXPECT_EQ(widened(kE4m3, Byte{0xb8}), -1.0f);
  EXPECT_TRUE(std::isnan(widened(kE4m3, Byte{0x7f})));
  EXPECT_TRUE(std::isnan(widened(kE4m3, Byte{0xff})));
  EXPECT_EQ(widened(kE5m2, Byte{0x7b}), 57344.0f);
  EXPECT_EQ(widened(kE5m2, Byte{0x01}), 0.0000152587890625f);
  EXPECT_EQ(widened(kE5m2, Byte{0xfc}), -INFINITY);
  EXPECT_EQ(widened(kF16, Half{0x7bff}), 65504.0f);
  EXPECT_EQ(widened(kF16, Half{0x0001}), 0x1p-24f);
  EXPECT_EQ(widened(kBf16, Half{0x3f80}), 1.0f);
}

template <class Expected>
void expect_round_trip(int dtype, Expected expected) {
  const std::vector<std::uint16_t> codes = all_codes<std::uint16_t>();
  for (const Kernels* k : all_kernels()) {
    std::vector<float> wide(codes.size());
    std::vector<std::uint16_t> back(codes.size());
    k->convert.widen[dtype](codes.data(), wide.data(), codes.size());
    k->convert.narrow[dtype](wide.data(), back.data(), codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      ASSERT_EQ(back[i], expected(codes[i])) << name_of(k) << ", code " << i;
    }
  }
}

TEST(Convert, EveryBf16ComesBack) {
  expect_round_trip(kBf16, [](std::uint16_t code) {
    return (code & 0x7fff) > 0x7f80 ? (code & 0x8000) | 0x7fc0 : code;
  });
}
TEST(Convert, EveryF16ComesBack) {
  expect_round_trip(
      kF16, [](std::uint16_t code) { return (code & 0x7fff) > 0x7c00 ? code | 0x0200 : code; });
}

void expect_narrowed(const std::vector<float>& x) {
  for (const Kernels* k : all_kernels()) {
    std::vector<std::uint16_t> bf16(x.size()), f16(x.size());
    std::vector<float> rounded = x;
    k->convert.narrow[kBf16](x.data(), bf16.data(), x.size());
    k->convert.narrow[kF16](x.data(), f16.data(), x.size());
    k->convert.round_to_bf16(rounded.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::uint32_t bits = bits_of(x[i]);
      ASSERT_EQ(bf16[i], bf16_narrowed(bits)) << name_of(k) << ", " << std::hex << bits;
      ASSERT_EQ(f16[i], f16_narrowed(bits)) << name_of(k) << ", " << std::hex << bits;
      ASSERT_EQ(bits_of(rounded[i]), std::uint32_t{bf16_narrowed(bits)} << 16)
          << name_of(k) << ", " << std::hex << bits;
    }
  }
}

TEST(Convert, NarrowsASampleOfAllFloats) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4093) {
    x.push_back(float_of(static_cast<std::uint32_t>(bits)));
  }
  expect_narrowed(x);
}

// Half way between neighbours, and one fp32 step to either side: all that rounding can get wrong.
TEST(Convert, NarrowsAroundEveryMidpoint) {
  std::vector<float> x;
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    const std::uint32_t half = f16_widened(code), next = f16_widened((code + 1) & 0xffff);
    const double middle = (static_cast<double>(float_of(half)) + float_of(next)) / 2;
    for (std::uint32_t step : {0xffffffffu, 0u, 1u}) {
      x.push_back(float_of((code << 16 | 0x8000) + step));
      x.push_back(float_of(bits_of(static_cast<float>(middle)) + step));
    }
  }
  expect_narrowed(x);
}

TEST(Convert, KnownRoundings) {
  EXPECT_EQ(bf16_narrowed(0x3f808000), 0x3f80);  // ties go to the even neighbour
  EXPECT_EQ(bf16_narrowed(0x3f818000), 0x3f82);
  EXPECT_EQ(bf16_narrowed(0x7f7f8000), 0x7f80);  // overflow
  EXPECT_EQ(bf16_narrowed(0xff800001), 0xffc0);
  EXPECT_EQ(bf16_narrowed(0x80000001), 0x8000);
  EXPECT_EQ(f16_narrowed(0x477fefff), 0x7bff);
  EXPECT_EQ(f16_narrowed(0x477ff000), 0x7c00);
  EXPECT_EQ(f16_narrowed(0x33000000), 0x0000);  // half of the smallest denormal
  EXPECT_EQ(f16_narrowed(0x33000001), 0x0001);
  EXPECT_EQ(f16_narrowed(0x7f800001), 0x7e00);
  expect_narrowed(
      {float_of(0x3f808000), float_of(0x477fefff), float_of(0x33000000), float_of(0x1)});
}

TEST(Convert, F64RoundsOnceAndComesBackExactly) {
  const std::vector<float> x = random_floats(1001, 7, Numbers::kSpecial);
  const std::vector<double> wide = {
      1.0 + 0x1p-24, 1.0 + 3 * 0x1p-24, 1.0 + 0x1p-24 + 0x1p-50, 1e300, -1e300, 0x1p-149, 0x1p-150,
      -0.0,          0x1.8p-149,        3.4028235677973366e38};
  const std::vector<float> expected = {
      1.0f, 1.0f + 0x1p-22f, 1.0f + 0x1p-23f, INFINITY, -INFINITY, 0x1p-149f,
      0.0f, -0.0f,           0x1p-148f,       INFINITY};
  for (const Kernels* k : all_kernels()) {
    std::vector<float> narrow(wide.size()), back(x.size());
    std::vector<double> doubles(x.size());
    k->convert.widen[kF64](wide.data(), narrow.data(), wide.size());
    for (std::size_t i = 0; i < wide.size(); ++i) {
      EXPECT_EQ(bits_of(narrow[i]), bits_of(expected[i])) << name_of(k) << " " << i;
    }
    k->convert.narrow[kF64](x.data(), doubles.data(), x.size());
    k->convert.widen[kF64](doubles.data(), back.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::uint32_t quiet = std::isnan(x[i]) ? 0x00400000 : 0;
      EXPECT_EQ(bits_of(back[i]), bits_of(x[i]) | quiet) << name_of(k) << " " << i;
    }
  }
}

TEST(Convert, F32IsCopiedBitForBit) {
  const std::vector<float> x = random_floats(333, 8, Numbers::kSpecial);
  for (const Kernels* k : all_kernels()) {
    std::vector<float> wide(x.size()), narrow(x.size());
    k->convert.widen[kF32](x.data(), wide.data(), x.size());
    k->convert.narrow[kF32](x.data(), narrow.data(), x.size());
    EXPECT_EQ(std::memcmp(wide.data(), x.data(), x.size() * 4), 0) << name_of(k);
    EXPECT_EQ(std::memcmp(narrow.data(), x.data(), x.size() * 4), 0) << name_of(k);
    k->convert.widen[kF32](nullptr, nullptr, 0);
  }
}

TEST(Convert, OnlyFloatingTypesHaveKernels) {
  for (const Kernels* k : all_kernels()) {
    for (int t = 0; t < kDTypeCount; ++t) {
      const DType dtype = static_cast<DType>(t);
      const bool byte = dtype == DType::F8_E4M3 || dtype == DType::F8_E5M2;
      EXPECT_EQ(k->convert.widen[t] != nullptr, is_floating(dtype)) << dtype_name(dtype);
      EXPECT_EQ(k->convert.narrow[t] != nullptr, is_floating(dtype) && !byte) << dtype_name(dtype);
    }
  }
}

}  // namespace
}  // namespace mod::cpu::testing
