// The merge kernels against their definitions, on every instruction set of this machine, for run
// lengths with and without a partial vector, with special values among the elements.
#include "cpu/merge_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "cpu/kernels.h"

namespace mod::cpu {
namespace {

using Floats = std::vector<float>;

std::uint32_t bits(float x) {
  return std::isnan(x) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(x);  // a NaN is a NaN
}

Floats sample(std::size_t n, unsigned seed, bool special = true) {
  const float inf = std::numeric_limits<float>::infinity();
  const float values[] = {0.0f, -0.0f, inf, -inf, std::nanf(""), 1e-42f, -1e-45f, 1.0f, -1.0f};
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Floats x(n);
  for (float& v : x) v = special && random() % 4 == 0 ? values[random() % 9] : normal(random);
  return x;
}

const std::size_t kSizes[] = {0, 1, 3, 7, 15, 16, 17, 31, 33, 64, 100, 517, 2048};

class MergeKernelsTest : public ::testing::TestWithParam<Isa> {
 protected:
  const MergeKernels& k = kernels(GetParam()).merge;
};
INSTANTIATE_TEST_SUITE_P(Isas, MergeKernelsTest, ::testing::ValuesIn(supported_isas()),
                         [](const auto& param) { return std::string(isa_name(param.param)); });

template <class Expected>
void expect_all(const Floats& actual, Expected&& expected, const char* what) {
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(bits(actual[i]), bits(expected(i))) << what << ", " << i << " of " << actual.size();
  }
}

TEST_P(MergeKernelsTest, SumsOfModels) {
  for (const std::size_t n : kSizes) {
    const Floats x = sample(n, 1), y = sample(n, 2);
    Floats out(n);
    k.scale(0.3f, x.data(), out.data(), n);
    expect_all(out, [&](std::size_t i) { return 0.3f * x[i]; }, "scale");
    out = y;
    k.add_scaled(-1.5f, x.data(), out.data(), n);
    expect_all(out, [&](std::size_t i) { return y[i] + -1.5f * x[i]; }, "add_scaled");
    k.blend(0.6f, x.data(), 0.4f, y.data(), out.data(), n);
    expect_all(out, [&](std::size_t i) { return 0.6f * x[i] + 0.4f * y[i]; }, "blend");
    out = x;
    k.blend(0.6f, out.data(), 0.4f, y.data(), out.data(), n);  // in place
    expect_all(out, [&](std::size_t i) { return 0.6f * x[i] + 0.4f * y[i]; }, "blend in place");
  }
}

std::uint32_t magnitude_key(float d) {
  if (std::isnan(d)) return 0;
  return kZeroMagnitudeKey - (std::bit_cast<std::uint32_t>(d) & 0x7fffffffu);
}

TEST_P(MergeKernelsTest, Deltas) {
  for (const std::size_t n : kSizes) {
    const Floats x = sample(n, 3), b = sample(n, 4);
    Floats v(n);
    k.delta(0.7f, x.data(), b.data(), v.data(), n);
    expect_all(v, [&](std::size_t i) { return 0.7f * (x[i] - b[i]); }, "delta");
    std::vector<std::uint8_t> flags(n);
    for (std::size_t i = 0; i < n; ++i) flags[i] = i % 3 == 1;
    k.delta_flagged(0.7f, x.data(), b.data(), flags.data(), v.data(), n);
    expect_all(v, [&](std::size_t i) { return flags[i] ? 0.7f * (x[i] - b[i]) : 0.0f; }, "flagged");
    for (const std::size_t at : {0, 5, 8}) {
      std::vector<std::uint8_t> packed((at + n) / 8 + 5, 0xff);
      k.pack_flags(flags.data(), packed.data(), at, n);
      k.delta_packed(0.7f, x.data(), b.data(), packed.data(), at, v.data(), n);
      expect_all(
          v, [&](std::size_t i) { return flags[i] ? 0.7f * (x[i] - b[i]) : 0.0f; }, "packed");
    }
    const std::uint32_t one = magnitude_key(1.0f);
    const std::uint64_t first = 1000;
    const Cut cuts[] = {{0, 0},
                        {0, 1005},
                        {1, 1003},
                        {one, 0},
                        {one, 1009},
                        {one + 1000000, 1},
                        {kZeroMagnitudeKey, 1008},
                        {kZeroMagnitudeKey, 9999}};
    for (const Cut& from : cuts) {
      for (const Cut& to : cuts) {
        k.delta_between(2.0f, x.data(), b.data(), first, from, to, v.data(), n);
        expect_all(
            v,
            [&](std::size_t i) {
              const float d = x[i] - b[i];
              const auto before = [&](const Cut& cut) {
                return magnitude_key(d) < cut.key ||
                       (magnitude_key(d) == cut.key && first + i < cut.index);
              };
              return before(to) && !before(from) ? 2.0f * d : 0.0f;
            },
            "between");
      }
    }
  }
}

TEST_P(MergeKernelsTest, AddDeltas) {
  for (const int models : {1, 2, 3, 4, 5, 9}) {
    for (const std::size_t n : kSizes) {
      const Floats b = sample(n, 5);
      std::vector<Floats> v;
      std::vector<const float*> pointers;
      for (int m = 0; m < models; ++m) v.push_back(sample(n, 10 + static_cast<unsigned>(m)));
      for (const Floats& x : v) pointers.push_back(x.data());
      Floats y(n);
      std::vector<std::uint64_t> taken(v.size(), 7), expected(v.size(), 7);
      const std::size_t touched =
          k.add_deltas(pointers.data(), models, b.data(), y.data(), taken.data(), n);
      std::size_t some = 0;
      for (std::size_t i = 0; i < n; ++i) {
        float sum = v[0][i];
        bool any = false;
        for (std::size_t m = 0; m < v.size(); ++m) {
          if (m > 0) sum += v[m][i];
          expected[m] += v[m][i] != 0;
          any |= v[m][i] != 0;
        }
        some += any;
        ASSERT_EQ(bits(y[i]), bits(sum == 0 ? b[i] : b[i] + sum)) << models << " models, " << i;
      }
      EXPECT_EQ(taken, expected);
      EXPECT_EQ(touched, some);
    }
  }
}

TEST_P(MergeKernelsTest, AddElected) {
  for (const int models : {1, 2, 3, 6}) {
    for (const bool divide : {false, true}) {
      for (const std::size_t n : kSizes) {
        const Floats b = sample(n, 6);
        const float w[] = {0.5f, -0.5f, 2.0f, 0.1f, 0.2f, 0.3f};
        std::vector<Floats> v;
        std::vector<const float*> pointers;
        for (int m = 0; m < models; ++m) v.push_back(sample(n, 30 + static_cast<unsigned>(m)));
        for (const Floats& x : v) pointers.push_back(x.data());
        Floats y(n);
        std::vector<std::uint64_t> taken(v.size(), 0), expected(v.size(), 0);
        k.add_elected(pointers.data(), w, models, b.data(), 0.9f, divide, y.data(), taken.data(),
                      n);
        for (std::size_t i = 0; i < n; ++i) {
          float vote = 0, sum = 0, divisor = 0;
          for (const Floats& x : v) vote += x[i];
          for (std::size_t m = 0; m < v.size(); ++m) {
            const float x = v[m][i];
            const bool kept = std::isnan(x) || (vote >= 0 ? x > 0 : x < 0);
            if (!kept) continue;
            sum += x;
            divisor += w[m];
            ++expected[m];
          }
          if (!divide || divisor == 0) divisor = 1;
          const float s = 0.9f / divisor * sum;
          ASSERT_EQ(bits(y[i]), bits(s == 0 ? b[i] : b[i] + s)) << models << " models, " << i;
        }
        EXPECT_EQ(taken, expected) << models;
      }
    }
  }
}

TEST_P(MergeKernelsTest, KeysAndScans) {
  for (const std::size_t n : kSizes) {
    const Floats x = sample(n, 7), b = sample(n, 8);
    std::vector<std::uint32_t> keys(n), values(n);
    k.magnitude_keys(x.data(), b.data(), keys.data(), n);
    k.value_keys(x.data(), values.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(keys[i], magnitude_key(x[i] - b[i])) << i;
      for (std::size_t j = 0; j < std::min<std::size_t>(n, 20); ++j) {
        const bool nan_i = std::isnan(x[i]), nan_j = std::isnan(x[j]);
        const bool less = nan_i || nan_j ? !nan_i && nan_j : x[i] < x[j];
        ASSERT_EQ(values[i] < values[j], less) << x[i] << ", " << x[j];
      }
    }
    const std::uint32_t low = magnitude_key(1.0f), high = magnitude_key(0.5f);
    for (const bool magnitudes : {true, false}) {
      const auto& all = magnitudes ? keys : values;
      const std::uint32_t from = magnitudes ? low : 0x60000000u,
                          to = magnitudes ? high : 0xbf800000u;
      std::vector<std::uint32_t> found(n + 16), inside;
      std::vector<std::uint16_t> places(n + 16), where;
      const ScanOutput out{found.data(), places.data(), 60000};
      const std::uint32_t counted = n > 1 ? all[1] : from;
      const ScanCount count = magnitudes
                                  ? k.scan_magnitudes(x.data(), b.data(), from, to, counted, out, n)
                                  : k.scan_values(x.data(), from, to, counted, out, n);
      std::size_t before = 0, equal = 0;
      for (std::size_t i = 0; i < n; ++i) {
        before += all[i] < from;
        equal += all[i] == counted;
        if (all[i] < from || all[i] > to || all[i] == counted) continue;
        inside.push_back(all[i]);
        where.push_back(static_cast<std::uint16_t>(60000 + i));
      }
      found.resize(count.inside);
      places.resize(count.inside);
      EXPECT_EQ(count.before, before);
      EXPECT_EQ(count.equal, equal);
      EXPECT_EQ(found, inside);
      EXPECT_EQ(places, where);
    }
  }
}

TEST_P(MergeKernelsTest, Flags) {
  std::mt19937 random(9);
  for (const std::size_t n : kSizes) {
    std::vector<std::uint32_t> words(n);
    for (auto& w : words) w = static_cast<std::uint32_t>(random());
    if (n > 2) words[1] = 0xffffffffu, words[2] = 0;
    for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 31,
                                      std::uint64_t{0xffffffff}, std::uint64_t{1} << 32}) {
      std::vector<std::uint8_t> flags(n, 9);
      k.flag_drawn(words.data(), limit, flags.data(), n);
      std::size_t set = 0;
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(flags[i], words[i] < limit) << limit;
        set += flags[i];
      }
      EXPECT_EQ(k.count_flags(flags.data(), n), set);
      for (const std::size_t at : {0, 3, 8, 13}) {
        std::vector<std::uint8_t> packed((at + n) / 8 + 2, 0xa5), back(n, 9);
        k.pack_flags(flags.data(), packed.data(), at, n);
        k.unpack_flags(packed.data(), at, back.data(), n);
        EXPECT_EQ(back, flags);
        for (std::size_t i = 0; i < 8 * packed.size(); ++i) {
          if (i >= at && i < at + n) continue;
          EXPECT_EQ(packed[i / 8] >> (i % 8) & 1, 0xa5 >> (i % 8) & 1) << "bit outside the run";
        }
      }
    }
  }
}

TEST_P(MergeKernelsTest, SumsOfManyFlagsDoNotOverflow) {
  EXPECT_EQ(k.count_flags(std::vector<std::uint8_t>(100003, 1).data(), 100003), 100003u);
}

TEST_P(MergeKernelsTest, Norms) {
  for (const std::size_t n : kSizes) {
    const Floats x = sample(n, 11, false), b = sample(n, 12, false);
    std::vector<std::uint8_t> flags(n);
    double all = 0, kept = 0, expected[2] = {0, 0}, sums[2];
    float largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      flags[i] = i % 5 < 2;
      all += std::abs(static_cast<double>(x[i] - b[i]));
      kept += flags[i] ? std::abs(static_cast<double>(x[i] - b[i])) : 0;
      largest = std::max(largest, std::abs(x[i] - b[i]));
    }
    k.flagged_norms(x.data(), b.data(), flags.data(), sums, n);
    EXPECT_NEAR(sums[0], all, 1e-13 * all);
    EXPECT_NEAR(sums[1], kept, 1e-13 * kept);
    kernels(Isa::kScalar).merge.flagged_norms(x.data(), b.data(), flags.data(), expected, n);
    EXPECT_EQ(sums[0], expected[0]);  // to the bit
    EXPECT_EQ(sums[1], expected[1]);
    EXPECT_EQ(k.largest_delta(x.data(), b.data(), n), largest);
    // Three products at once are the three products, to the bit.
    const ReduceKernels& one = kernels(GetParam()).reduce;
    const Floats y = sample(n, 14, false);
    double products[3];
    k.gram(x.data(), y.data(), nullptr, products, n);
    EXPECT_EQ(products[0], one.dot(x.data(), x.data(), n));
    EXPECT_EQ(products[1], one.dot(y.data(), y.data(), n));
    EXPECT_EQ(products[2], one.dot(x.data(), y.data(), n));
    k.gram(x.data(), y.data(), b.data(), products, n);
    EXPECT_EQ(products[0], one.dot_delta(x.data(), x.data(), b.data(), n));
    EXPECT_EQ(products[1], one.dot_delta(y.data(), y.data(), b.data(), n));
    EXPECT_EQ(products[2], one.dot_delta(x.data(), y.data(), b.data(), n));
  }
  const Floats special = {1.0f, std::nanf("")}, zeros(2, 0.0f);
  EXPECT_EQ(k.largest_delta(special.data(), zeros.data(), 2),
            std::numeric_limits<float>::infinity());
}

TEST_P(MergeKernelsTest, MagnitudeBins) {
  for (const std::size_t n : kSizes) {
    Floats x = sample(n, 13, false);
    const Floats zeros(n, 0.0f);
    for (std::size_t i = 0; i < n; i += 3) x[i] = std::bit_cast<float>(bits(x[i]) & 0xffff0000u);
    for (std::size_t i = 0; i < n; i += 7) x[i] = 0;
    const std::int32_t first = (0x3f800000 >> 16) - 100;
    std::vector<std::uint16_t> bins(n);
    std::vector<std::uint32_t> inexact(n + 16), expected;
    const std::size_t found =
        k.magnitude_bins(x.data(), zeros.data(), 16, first, bins.data(), inexact.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      const auto m = static_cast<std::int32_t>(bits(x[i]) & 0x7fffffffu);
      const int bin = m == 0 ? 0 : std::max(1, (m >> 16) - first);
      ASSERT_EQ(bins[i], bin);
      if ((m & 0xffff) != 0) expected.push_back(static_cast<std::uint32_t>(bin));
    }
    inexact.resize(found);
    EXPECT_EQ(inexact, expected);
  }
}

TEST_P(MergeKernelsTest, MagnitudeRanks) {
  std::mt19937 random(14);
  for (const std::size_t n : kSizes) {
    Floats x = sample(n, 15, false);
    const Floats zeros(n, 0.0f);
    for (float& v : x) {
      if (random() % 2) v = std::round(v);
    }
    std::vector<std::uint32_t> which, ranks(n, 99999);
    for (std::size_t i = 0; i < n; ++i) {
      if (random() % 3 == 0) which.push_back(static_cast<std::uint32_t>(i));
    }
    k.magnitude_ranks(x.data(), zeros.data(), n, which.data(), which.size(), ranks.data());
    for (std::size_t w = 0; w < which.size(); ++w) {
      std::size_t rank = 0;
      const float own = std::abs(x[which[w]]);
      for (std::size_t i = 0; i < n; ++i) {
        rank += std::abs(x[i]) < own || (std::abs(x[i]) == own && i > which[w]);
      }
      ASSERT_EQ(ranks[w], rank) << which[w] << " of " << n;
    }
  }
}

TEST_P(MergeKernelsTest, RankEstimates) {
  std::mt19937 random(16);
  const double low = 0x1p30, scale = 1e-6, least = -2, most = 2002;
  for (const std::size_t n : kSizes) {
    std::vector<std::uint32_t> words(n), t(n + 16);
    std::vector<std::uint16_t> places(n + 16);
    std::vector<std::uint8_t> flags(n, 9);
    for (auto& w : words) w = static_cast<std::uint32_t>(random());
    const std::size_t found = k.rank_estimates(
        words.data(), static_cast<float>(low), static_cast<float>(scale), static_cast<float>(least),
        static_cast<float>(most), flags.data(), {t.data(), places.data(), 0}, n);
    std::size_t next = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double exact = scale * (static_cast<double>(words[i]) - low);
      const bool listed = next < found && places[next] == i;
      // Within 0.01 of an end either answer will do.
      EXPECT_TRUE(exact >= least - 0.01 || (flags[i] == 1 && !listed)) << exact;
      EXPECT_TRUE(exact <= most + 0.01 || (flags[i] == 0 && !listed)) << exact;
      EXPECT_TRUE(exact <= least + 0.01 || exact >= most - 0.01 || (flags[i] == 0 && listed));
      EXPECT_TRUE(!listed || std::abs(static_cast<std::int32_t>(t[next]) - exact) < 1.01);
      next += listed;
    }
    EXPECT_EQ(next, found);
  }
}

TEST_P(MergeKernelsTest, Choices) {
  std::mt19937 random(17);
  for (const std::size_t n : kSizes) {
    const Floats value = sample(n, 18), x = sample(n, 19), z = sample(n, 20);
    std::vector<std::uint32_t> words(n);
    for (auto& w : words) w = static_cast<std::uint32_t>(random() % 4);
    Floats y(n);
    const auto check = [&](std::size_t count, auto&& holds, const char* what) {
      std::size_t expected = 0;
      for (std::size_t i = 0; i < n; ++i) expected += holds(i);
      EXPECT_EQ(count, expected) << what;
      expect_all(y, [&](std::size_t i) { return holds(i) ? x[i] : z[i]; }, what);
    };
    for (const float bound : {0.0f, 1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
      check(
          k.choose_at_most(value.data(), bound, x.data(), z.data(), y.data(), n),
          [&](std::size_t i) { return value[i] <= bound; }, "at most");
    }
    for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{1} << 32}) {
      check(
          k.choose_drawn(words.data(), limit, x.data(), z.data(), y.data(), n),
          [&](std::size_t i) { return words[i] < limit; }, "drawn");
    }
    for (const Cut cut : {Cut{0, 0}, Cut{2, 105}, Cut{0xffffffffu, 3}}) {
      y = z;  // in place
      check(
          k.choose_before(words.data(), 100, cut, x.data(), y.data(), y.data(), n),
          [&](std::size_t i) {
            return words[i] < cut.key || (words[i] == cut.key && 100 + i < cut.index);
          },
          "before");
    }
  }
}

}  // namespace
}  // namespace mod::cpu
