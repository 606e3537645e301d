// All 2^32 fp32 numbers to bf16 and to fp16 on every instruction set, against the definitions of
// formats.h. Minutes, so under the label "long".
#include <gtest/gtest.h>

#include "cpu/formats.h"
#include "cpu/kernel_data.h"

namespace mod::cpu::testing {
namespace {

constexpr std::size_t kChunk = 1 << 14;  // stays in the caches

template <class Narrowed>
void expect_all(Narrowed narrowed, DType dtype) {
  const std::vector<const Kernels*> tables = all_kernels();
  std::vector<float> x(kChunk);
  std::vector<std::uint16_t> expected(kChunk), actual(kChunk);
  for (std::uint64_t first = 0; first < (std::uint64_t{1} << 32); first += kChunk) {
    for (std::size_t i = 0; i < kChunk; ++i) {
      const std::uint32_t bits = static_cast<std::uint32_t>(first + i);
      x[i] = float_of(bits);
      expected[i] = narrowed(bits);
    }
    for (const Kernels* k : tables) {
      k->convert.narrow[static_cast<int>(dtype)](x.data(), actual.data(), kChunk);
      ASSERT_EQ(actual, expected) << name_of(k) << ", fp32 numbers from " << std::hex << first;
    }
  }
}

TEST(AllFloats, ToBf16) { expect_all(bf16_narrowed, DType::BF16); }
TEST(AllFloats, ToF16) { expect_all(f16_narrowed, DType::F16); }

TEST(AllFloats, RoundToBf16) {
  std::vector<float> x(kChunk);
  for (std::uint64_t first = 0; first < (std::uint64_t{1} << 32); first += kChunk) {
    for (const Kernels* k : all_kernels()) {
      for (std::size_t i = 0; i < kChunk; ++i)
        x[i] = float_of(static_cast<std::uint32_t>(first + i));
      k->convert.round_to_bf16(x.data(), kChunk);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < kChunk; ++i) {
        const std::uint32_t bits = static_cast<std::uint32_t>(first + i);
        wrong += bits_of(x[i]) != std::uint32_t{bf16_narrowed(bits)} << 16 ? 1 : 0;
      }
      ASSERT_EQ(wrong, 0u) << name_of(k) << ", fp32 numbers from " << std::hex << first;
    }
  }
}

}  // namespace
}  // namespace mod::cpu::testing
