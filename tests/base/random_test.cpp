#include "base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace mod {
namespace {

constexpr const char* kTensor = "model.layers.0.mlp.down_proj.weight";
using Words = std::array<std::uint32_t, 4>;

TEST(Random, PhiloxKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, Fnv1aKnownAnswers) {
  EXPECT_EQ(fnv1a64(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a64("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a64(kTensor), 0xd83f2f10e10f7075u);
}

TEST(Random, Splitmix64KnownAnswers) {
  EXPECT_EQ(splitmix64(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(splitmix64(42), 0xbdd732262feb6e95u);
}

struct Golden {
  std::uint64_t seed;
  std::uint32_t stream;
  RandomPurpose purpose;
  std::uint32_t words[8];
  const char* keep_half;
  const char* keep_three_tenths;
};

constexpr Golden kGolden[] = {
    {0,
     0,
     RandomPurpose::kSparsify,
     {0x2cf06ecd, 0x60b8a94e, 0x0f31c8f5, 0x58e67ba0, 0xd26f43d0, 0xbd8ac131, 0x4da4dfeb,
      0x80a6b8eb},
     "11110010",
     "10100000"},
    {0,
     1,
     RandomPurpose::kSparsify,
     {0x1f159f03, 0xc9761cbb, 0x204e7fbf, 0x7c934262, 0x9a853e4d, 0xbf3a7762, 0x34605864,
      0x05613b2d},
     "10110011",
     "10100011"},
    {42,
     0,
     RandomPurpose::kSparsify,
     {0x85d81c7b, 0x0b04f195, 0x98797d7a, 0xe6d509a6, 0xa03d2a4b, 0x30e5e882, 0x93b01f5e,
      0x53057e94},
     "01000101",
     "01000100"},
    {0,
     0,
     RandomPurpose::kSelect,
     {0x2dc854bb, 0xe89586ac, 0x77be098f, 0x8fb8faec, 0xb4fd4f8f, 0x3aa7c63e, 0xee464659,
      0x977ce0ea},
     "10100100",
     "10000100"},
};

TEST(Random, GoldenDraws) {
  for (const Golden& g : kGolden) {
    const RandomKey key = random_key(g.seed, kTensor);
    std::string half, three_tenths;
    for (std::uint64_t e = 0; e < 8; ++e) {
      const std::uint32_t x = random_word(key, e, g.stream, g.purpose);
      EXPECT_EQ(x, g.words[e]) << g.seed << ' ' << g.stream << ' ' << e;
      half += x < random_limit(0.5) ? '1' : '0';
      three_tenths += x < random_limit(0.3) ? '1' : '0';
    }
    EXPECT_EQ(half, g.keep_half);
    EXPECT_EQ(three_tenths, g.keep_three_tenths);
  }
}

TEST(Random, ElementsBeyond32BitBlocks) {
  EXPECT_EQ(random_word(random_key(0, kTensor), (std::uint64_t{1} << 34) + 5, 0,
                        RandomPurpose::kSparsify),
            0x35b74810u);
}

TEST(Random, KeyIsLowAndHighHalfOfTheMix) {
  const RandomKey key = random_key(42, kTensor);
  const std::uint64_t mixed = 0xbdd732262feb6e95u ^ 0xd83f2f10e10f7075u;
  EXPECT_EQ(key.k0, static_cast<std::uint32_t>(mixed));
  EXPECT_EQ(key.k1, static_cast<std::uint32_t>(mixed >> 32));
}

TEST(Random, LimitIsExact) {
  constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
  EXPECT_EQ(random_limit(0), 0u);
  EXPECT_EQ(random_limit(-0.5), 0u);
  EXPECT_EQ(random_limit(std::nan("")), 0u);
  EXPECT_EQ(random_limit(1), kAll);
  EXPECT_EQ(random_limit(7), kAll);
  EXPECT_EQ(random_limit(std::numeric_limits<double>::infinity()), kAll);
  EXPECT_EQ(random_limit(0.5), kAll / 2);
  EXPECT_EQ(random_limit(std::numeric_limits<double>::denorm_min()),
            1u);  // 0 < p * 2^32 holds for x = 0
  EXPECT_EQ(random_limit(std::nextafter(1.0, 0.0)), kAll);
  for (const double p : {0.1, 0.3, 1e-9, 0.9999, 1.0 / 3, 123.0 / 4294967296.0}) {
    const std::uint64_t limit = random_limit(p);
    ASSERT_GT(limit, 0u);
    EXPECT_LT(static_cast<double>(limit - 1), p * 0x1p32) << p;
    EXPECT_GE(static_cast<double>(limit), p * 0x1p32) << p;
  }
}

TEST(Random, StreamsAndPurposesAreIndependent) {
  // Shares of agreement of two fair coins; 5 standard deviations of 20,000 draws are 1.8 %.
  const RandomKey key = random_key(7, kTensor), other = random_key(7, "lm_head.weight");
  constexpr int kDraws = 20000;
  int stream = 0, purpose = 0, tensor = 0, ones = 0;
  const auto coin = [](RandomKey k, std::uint64_t e, std::uint32_t s, RandomPurpose p) {
    return random_word(k, e, s, p) < random_limit(0.5);
  };
  for (std::uint64_t e = 0; e < kDraws; ++e) {
    const bool a = coin(key, e, 0, RandomPurpose::kSparsify);
    ones += a;
    stream += a == coin(key, e, 1, RandomPurpose::kSparsify);
    purpose += a == coin(key, e, 0, RandomPurpose::kNoise);
    tensor += a == coin(other, e, 0, RandomPurpose::kSparsify);
  }
  for (const int n : {stream, purpose, tensor, ones}) EXPECT_NEAR(n, kDraws / 2, 360);
}

}  // namespace
}  // namespace mod
