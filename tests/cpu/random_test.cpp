// The fast draws against the published golden draws and against base/random.h.
#include <gtest/gtest.h>

#include "kernel_data.h"

namespace mod::cpu::testing {
namespace {

constexpr char kTensor[] = "model.layers.0.mlp.down_proj.weight";

TEST(RandomWords, GoldenDraws) {
  struct Golden {
    std::uint64_t seed;
    std::uint32_t stream;
    RandomPurpose purpose;
    std::vector<std::uint32_t> words;
  };
  const Golden golden[] = {
      {0,
       0,
       RandomPurpose::kSparsify,
       {0x2cf06ecd, 0x60b8a94e, 0x0f31c8f5, 0x58e67ba0, 0xd26f43d0, 0xbd8ac131, 0x4da4dfeb,
        0x80a6b8eb}},
      {0,
       1,
       RandomPurpose::kSparsify,
       {0x1f159f03, 0xc9761cbb, 0x204e7fbf, 0x7c934262, 0x9a853e4d, 0xbf3a7762, 0x34605864,
        0x05613b2d}},
      {42,
       0,
       RandomPurpose::kSparsify,
       {0x85d81c7b, 0x0b04f195, 0x98797d7a, 0xe6d509a6, 0xa03d2a4b, 0x30e5e882, 0x93b01f5e,
        0x53057e94}},
      {0,
       0,
       RandomPurpose::kSelect,
       {0x2dc854bb, 0xe89586ac, 0x77be098f, 0x8fb8faec, 0xb4fd4f8f, 0x3aa7c63e, 0xee464659,
        0x977ce0ea}},
  };
  for (const Kernels* k : all_kernels()) {
    for (const Golden& g : golden) {
      // 200 words, so that the vector loop and not only the code after it is compared.
      std::vector<std::uint32_t> words(200);
      k->random.words(random_key(g.seed, kTensor), 0, g.stream, g.purpose, words.data(),
                      words.size());
      words.resize(8);
      EXPECT_EQ(words, g.words) << name_of(k);
    }
    std::uint32_t word = 0;
    k->random.words(random_key(0, kTensor), (std::uint64_t{1} << 34) + 5, 0,
                    RandomPurpose::kSparsify, &word, 1);
    EXPECT_EQ(word, 0x35b74810u) << name_of(k);
  }
}

void expect_reference(std::uint64_t first, std::size_t n, std::uint32_t stream) {
  const RandomKey key = random_key(7, kTensor);
  for (const Kernels* k : all_kernels()) {
    GuardedBytes out(n * 4, 4);
    auto* words = reinterpret_cast<std::uint32_t*>(out.data());
    k->random.words(key, first, stream, RandomPurpose::kNoise, words, n);
    ASSERT_TRUE(out.intact()) << name_of(k) << " first " << first << " n " << n;
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(words[i], random_word(key, first + i, stream, RandomPurpose::kNoise))
          << name_of(k) << " first " << first << " n " << n << " word " << i;
    }
  }
}

TEST(RandomWords, AnyStartAndLength) {
  for (std::uint64_t first = 0; first < 9; ++first) {
    for (std::size_t n = 0; n < 300; n += 1 + n / 40) expect_reference(first, n, 3);
  }
  expect_reference(1000001, 5000, 0xffffffff);
}

// Element 2^34 is block 2^32: the lower half of the counter wraps inside these runs.
TEST(RandomWords, CounterBeyond32Bits) {
  for (const std::uint64_t wrap : {std::uint64_t{1} << 34, std::uint64_t{5} << 34}) {
    for (const std::uint64_t before : {0, 1, 4, 6, 63, 64, 128, 130, 257}) {
      expect_reference(wrap - before, 500, 1);
    }
  }
  expect_reference((std::uint64_t{1} << 63) - 400, 400, 0);
}

TEST(RandomWords, RunsJoinWithoutASeam) {
  const RandomKey key = random_key(1, "w");
  for (const Kernels* k : all_kernels()) {
    std::vector<std::uint32_t> whole(3000), parts(3000);
    k->random.words(key, 17, 2, RandomPurpose::kSparsify, whole.data(), whole.size());
    for (std::size_t at = 0, step = 1; at < parts.size(); at += step, step = step * 3 % 611) {
      step = std::min(step, parts.size() - at);
      k->random.words(key, 17 + at, 2, RandomPurpose::kSparsify, parts.data() + at, step);
    }
    EXPECT_EQ(parts, whole) << name_of(k);
  }
}

}  // namespace
}  // namespace mod::cpu::testing
