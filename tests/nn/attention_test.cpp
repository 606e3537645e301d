// attention against a plain version in double, and the promise that its bits depend on the query
// and what it sees alone.
#include "nn/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "matmul_support.h"
#include "mod/error.h"

namespace mod::nn::testing {
namespace {

/// A cache of one layer whose positions beyond `length` are NaN.
class Cache {
 public:
  Cache(int kv_heads, std::size_t head_dim, std::size_t length, DType dtype, unsigned seed)
      : kv_heads_(static_cast<std::size_t>(kv_heads)),
        dim_(head_dim),
        length_(length),
        capacity_(length + 7),
        dtype_(dtype) {
    fill(k_, k_bytes_, seed);
    fill(v_, v_bytes_, seed + 1);
  }

  KvView view() const { return view(length_); }
  KvView view(std::size_t length) const {
    return {k_bytes_.data(), v_bytes_.data(), dtype_, capacity_, length};
  }
  double k(std::size_t head, std::size_t position, std::size_t d) const {
    return k_[(head * capacity_ + position) * dim_ + d];
  }
  double v(std::size_t head, std::size_t position, std::size_t d) const {
    return v_[(head * capacity_ + position) * dim_ + d];
  }

 private:
  void fill(std::vector<float>& values, std::vector<std::byte>& bytes, unsigned seed) {
    values = random_floats(kv_heads_ * capacity_ * dim_, seed);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i / dim_ % capacity_ >= length_) values[i] = NAN;
    }
    bytes.resize(values.size() * dtype_size(dtype_));
    const cpu::ConvertKernels& convert = cpu::kernels(cpu::Isa::kScalar).convert;
    convert.narrow[static_cast<int>(dtype_)](values.data(), bytes.data(), values.size());
    convert.widen[static_cast<int>(dtype_)](bytes.data(), values.data(), values.size());
  }

  std::size_t kv_heads_, dim_, length_, capacity_;
  DType dtype_;
  std::vector<float> k_, v_;
  std::vector<std::byte> k_bytes_, v_bytes_;
};

struct Case {
  AttentionShape shape;
  std::size_t p0, tokens;
  DType dtype = DType::F32;

  std::size_t width() const { return static_cast<std::size_t>(shape.heads * shape.head_dim); }
  Cache cache() const {
    return Cache(shape.kv_heads, static_cast<std::size_t>(shape.head_dim), p0 + tokens, dtype, 21);
  }
};

AttentionShape shape_of(int heads, int kv_heads, int head_dim, int window = 0, float softcap = 0) {
  return {heads, kv_heads, head_dim, 1 / std::sqrt(static_cast<float>(head_dim)), window, softcap};
}

std::vector<float> run(const Case& c, const std::vector<float>& q, const KvView& kv,
                       const Context& context) {
  std::vector<float> out(q.size(), NAN);
  attention(c.shape, q.data(), c.width(), c.p0, c.tokens, kv, out.data(), c.width(), context);
  return out;
}

/// One query in double; `size` is the largest |v| it sees, `spread` the largest sum |q k| * scale.
struct Exact {
  std::vector<double> out;
  double size = 0, spread = 0;
};

Exact exact(const Case& c, const Cache& cache, const float* q, std::size_t p, std::size_t head) {
  const auto dim = static_cast<std::size_t>(c.shape.head_dim);
  const auto window = static_cast<std::size_t>(c.shape.window);
  const std::size_t kv = head / static_cast<std::size_t>(c.shape.heads / c.shape.kv_heads);
  const std::size_t first = window != 0 && p + 1 > window ? p + 1 - window : 0;
  std::vector<double> score;
  Exact e{std::vector<double>(dim)};
  for (std::size_t j = first; j <= p; ++j) {
    double s = 0, sum = 0;
    for (std::size_t d = 0; d < dim; ++d) {
      s += q[d] * cache.k(kv, j, d);
      sum += std::abs(q[d] * cache.k(kv, j, d));
    }
    s *= c.shape.scale;
    e.spread = std::max(e.spread, sum * static_cast<double>(c.shape.scale));
    if (c.shape.softcap != 0) s = c.shape.softcap * std::tanh(s / c.shape.softcap);
    score.push_back(s);
  }
  const double most = *std::max_element(score.begin(), score.end());
  double total = 0;
  for (double& s : score) total += s = std::exp(s - most);
  for (std::size_t j = first; j <= p; ++j) {
    for (std::size_t d = 0; d < dim; ++d) {
      e.out[d] += score[j - first] / total * cache.v(kv, j, d);
      e.size = std::max(e.size, std::abs(cache.v(kv, j, d)));
    }
  }
  return e;
}

/// A score errs by at most (head_dim / 4 + 8) * 2^-23 of the sum of its magnitudes (matmul_test,
/// and three roundings for scale and cap); weights err by twice that relatively, plus exp; the sum
/// over positions errs by what adding them in blocks of 64 and merging those costs.
double bound_of(const Case& c, const Exact& e) {
  const double score = (c.shape.head_dim / 4.0 + 8) * 0x1p-23 * e.spread;
  const double blocks = static_cast<double>(c.p0 + c.tokens) / 64 + 1;
  return e.size * (2 * score + (64 + 4 * blocks + 16) * 0x1p-23);
}

void expect_close(const Case& c, int threads = 1) {
  const Cache cache = c.cache();
  const std::vector<float> q = random_floats(c.tokens * c.width(), 22);
  for (const Context& context : contexts(threads)) {
    const std::vector<float> out = run(c, q, cache.view(), context);
    const auto dim = static_cast<std::size_t>(c.shape.head_dim);
    for (std::size_t t = 0; t < c.tokens; ++t) {
      for (std::size_t h = 0; h < static_cast<std::size_t>(c.shape.heads); ++h) {
        const std::size_t at = t * c.width() + h * dim;
        const Exact e = exact(c, cache, q.data() + at, c.p0 + t, h);
        for (std::size_t d = 0; d < dim; ++d) {
          ASSERT_NEAR(out[at + d], e.out[d], bound_of(c, e))
              << name_of(context) << ": " << c.shape.heads << "/" << c.shape.kv_heads
              << " heads of " << dim << ", window " << c.shape.window << ", token " << t << " of "
              << c.tokens << " at " << c.p0 + t << ", head " << h;
        }
      }
    }
  }
}

TEST(Attention, AgreesWithDoublePrecision) {
  for (const DType dtype : {DType::F32, DType::BF16}) {
    for (const int dim : {1, 3, 8, 17, 32, 64, 80, 96, 128, 129}) {
      for (const std::size_t tokens : {1, 3, 70}) {
        expect_close({shape_of(2, 1, dim), 0, tokens, dtype});
        expect_close({shape_of(2, 2, dim), 130, tokens, dtype});
      }
    }
  }
}

TEST(Attention, GroupsOfAnySize) {
  for (const DType dtype : {DType::F32, DType::BF16}) {
    for (const auto& [heads, kv_heads] :
         {std::pair{1, 1}, {3, 3}, {6, 2}, {14, 2}, {5, 1}, {32, 4}, {71, 1}, {140, 2}}) {
      expect_close({shape_of(heads, kv_heads, 16), 100, 1, dtype});
      expect_close({shape_of(heads, kv_heads, 16), 61, 5, dtype});
    }
  }
}

TEST(Attention, Windows) {
  for (const int window : {1, 2, 63, 64, 65, 100, 200, 1000}) {
    expect_close({shape_of(4, 2, 24, window), 0, 150});
    expect_close({shape_of(4, 2, 24, window), 700, 3});
    expect_close({shape_of(4, 2, 24, window), 255, 1, DType::BF16});
  }
}

TEST(Attention, SoftCap) {
  Case c{shape_of(4, 2, 32, 0, 3.0f), 90, 10};
  c.shape.scale = 1.0f;  // scores far beyond the cap
  expect_close(c);
  expect_close({shape_of(2, 1, 32, 50, 20.0f), 0, 120, DType::BF16});
}

// More than one segment, and more threads than tiles: both ways to share the work.
TEST(Attention, LongSequences) {
  for (const int threads : {1, 4}) {
    expect_close({shape_of(4, 1, 16), 2600, 1}, threads);
    expect_close({shape_of(2, 1, 16, 1500), 2600, 2, DType::BF16}, threads);
  }
}

std::vector<float> in_chunks(const Case& c, const std::vector<float>& q, const Cache& cache,
                             const std::vector<std::size_t>& sizes, const Context& context) {
  std::vector<float> out(q.size(), NAN);
  for (std::size_t t = 0, i = 0; t < c.tokens; ++i) {
    const std::size_t n = std::min(sizes[i % sizes.size()], c.tokens - t);
    // Later positions are not yet valid.
    attention(c.shape, q.data() + t * c.width(), c.width(), c.p0 + t, n, cache.view(c.p0 + t + n),
              out.data() + t * c.width(), c.width(), context);
    t += n;
  }
  return out;
}

TEST(Attention, BitsDoNotDependOnChunksOrThreads) {
  const std::vector<std::vector<std::size_t>> chunkings = {{1},  {2},  {5},  {7, 1},
                                                           {63}, {64}, {100}};
  const std::vector<Case> cases = {
      {shape_of(14, 2, 64), 0, 300},
      {shape_of(14, 2, 64), 0, 300, DType::BF16},
      {shape_of(4, 4, 40, 70), 500, 200, DType::BF16},
      {shape_of(4, 2, 33, 0, 15.0f), 470, 150},
      {shape_of(3, 1, 16, 700), 1500, 100},
  };
  for (const Case& c : cases) {
    const Cache cache = c.cache();
    const std::vector<float> q = random_floats(c.tokens * c.width(), 23);
    for (Context context : contexts()) {
      const std::vector<float> whole = run(c, q, cache.view(), context);
      for (context.threads = 2; context.threads <= 5; ++context.threads) {
        EXPECT_TRUE(same_bits(run(c, q, cache.view(), context), whole)) << name_of(context);
      }
      for (const auto& sizes : chunkings) {
        context.threads = 1 + static_cast<int>(sizes[0] % 4);
        EXPECT_TRUE(same_bits(in_chunks(c, q, cache, sizes, context), whole))
            << name_of(context) << ", chunks of " << sizes[0] << ", " << context.threads
            << " threads, head_dim " << c.shape.head_dim;
      }
    }
  }
}

TEST(Attention, OnePositionGivesItsValue) {
  const Case c{shape_of(2, 1, 20), 0, 1};
  const Cache cache = c.cache();
  const std::vector<float> q = random_floats(c.width(), 24);
  for (const Context& context : contexts()) {
    const std::vector<float> out = run(c, q, cache.view(), context);
    for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], cache.v(0, 0, i % 20));
  }
}

// Scores of +-1e30 must not overflow: one position takes all the weight.
TEST(Attention, HugeScores) {
  const Case c{shape_of(1, 1, 8), 99, 1};
  const Cache cache = c.cache();
  std::vector<float> q = random_floats(8, 25);
  for (float& v : q) v *= 1e30f;
  for (const Context& context : contexts()) {
    const std::vector<float> out = run(c, q, cache.view(), context);
    const Exact e = exact(c, cache, q.data(), 99, 0);
    for (std::size_t d = 0; d < 8; ++d) EXPECT_EQ(out[d], static_cast<float>(e.out[d]));
  }
}

// A NaN in the keys of position 5 is seen by the positions from 5 on, and within the window.
TEST(Attention, NanReachesOnlyWhoSeesIt) {
  const Case c{shape_of(2, 1, 8, 10), 0, 30};
  const Cache cache = c.cache();
  const std::vector<float> q = random_floats(c.tokens * c.width(), 26);
  for (const Context& context : contexts()) {
    KvView kv = cache.view();
    std::vector<std::byte> broken(static_cast<const std::byte*>(kv.k),
                                  static_cast<const std::byte*>(kv.k) + 37 * 8 * 4);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(broken.data() + (5 * 8 + 3) * 4, &nan, 4);
    kv.k = broken.data();
    const std::vector<float> out = run(c, q, kv, context);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t t = i / c.width();
      EXPECT_EQ(std::isnan(out[i]), t >= 5 && t < 15) << name_of(context) << " token " << t;
    }
  }
}

TEST(Attention, RefusesWhatDoesNotFit) {
  const Case c{shape_of(2, 1, 8), 0, 4};
  const Cache cache = c.cache();
  const std::vector<float> q(4 * 16);
  std::vector<float> out(4 * 16);
  const Context context;
  const auto call = [&](const AttentionShape& shape, const KvView& kv) {
    attention(shape, q.data(), 16, 0, 4, kv, out.data(), 16, context);
  };
  EXPECT_THROW(call(shape_of(3, 2, 8), cache.view()), Error);
  EXPECT_THROW(call(shape_of(2, 0, 8), cache.view()), Error);
  EXPECT_THROW(call(c.shape, cache.view(3)), Error);
  KvView other = cache.view();
  other.dtype = DType::F16;
  EXPECT_THROW(call(c.shape, other), Error);
}

}  // namespace
}  // namespace mod::nn::testing
