// matmul against double precision on every instruction set of this machine, and the promise that
// its bits depend on nothing but the row and the token.
#include "nn/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "cpu/nn_kernels.h"
#include "matmul_support.h"
#include "mod/error.h"

namespace mod::nn::testing {
namespace {

constexpr DType kTypes[] = {DType::BF16, DType::F16, DType::F32};

/// A lane adds at most columns / 4 products (4 lanes is the narrowest vector), each with up to two
/// roundings, then come the tree and the bias: (columns / 4 + 6) * 2 units of 2^-24 of the sum of
/// magnitudes.
void expect_close(const Weights& w, const std::vector<float>& x, const std::vector<float>& bias,
                  const std::vector<float>& y, std::size_t tokens, const std::string& what) {
  const Matrix m = w.matrix();
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t r = 0; r < m.rows; ++r) {
      double sum = bias.empty() ? 0 : bias[r], size = std::abs(sum);
      for (std::size_t c = 0; c < m.columns; ++c) {
        const double term = w.at(r, c) * x[t * m.columns + c];
        sum += term;
        size += std::abs(term);
      }
      const double bound = size * (static_cast<double>(m.columns) / 4 + 6) * 0x1p-23;
      ASSERT_NEAR(y[t * m.rows + r], sum, bound)
          << what << ", row " << r << " of " << m.rows << ", token " << t << " of " << tokens
          << ", " << m.columns << " columns";
    }
  }
}

void check_shape(std::size_t rows, std::size_t columns, std::size_t tokens, DType dtype) {
  const Weights w(rows, columns, dtype, 1);
  const std::vector<float> x = random_floats(tokens * columns, 2), bias = random_floats(rows, 3);
  for (const Context& context : contexts(2)) {
    const std::string what = name_of(context) + " " + std::string(dtype_name(dtype));
    expect_close(w, x, {}, multiply(w, x, tokens, context), tokens, what);
    expect_close(w, x, bias, multiply(w, x, tokens, context, bias.data()), tokens, what + " bias");
  }
}

TEST(Matmul, AgreesWithDoublePrecision) {
  for (const DType dtype : kTypes) {
    for (const std::size_t columns : {1, 3, 15, 16, 17, 31, 32, 33, 64, 97, 896}) {
      for (const std::size_t rows : {1, 2, 3, 4, 5, 17}) {
        for (const std::size_t tokens : {1, 2, 3, 5, 8, 9, 13}) {
          check_shape(rows, columns, tokens, dtype);
        }
      }
    }
  }
}

// Several passes over the columns, with whole and partial steps at their ends.
TEST(Matmul, AgreesWithDoublePrecisionForLongRows) {
  for (const DType dtype : kTypes) {
    for (const std::size_t columns : {1024, 1025, 2047, 2048, 4095, 4864}) {
      for (const std::size_t tokens : {1, 4, 7, 11}) check_shape(19, columns, tokens, dtype);
    }
  }
}

TEST(Matmul, AgreesWithDoublePrecisionForManyTokens) {
  for (const DType dtype : kTypes) {
    for (const std::size_t tokens : {95, 96, 97, 193}) check_shape(37, 130, tokens, dtype);
  }
  check_shape(70, 1500, 101, DType::BF16);
}

TEST(Matmul, NoColumnsGiveTheBias) {
  const Weights w(5, 0, DType::BF16, 1);
  const std::vector<float> bias = random_floats(5, 2), x(1);
  for (const Context& context : contexts()) {
    for (const std::size_t tokens : {1, 3, 20}) {
      const std::vector<float> y = multiply(w, x, tokens, context, bias.data());
      for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], bias[i % 5]);
      const std::vector<float> zero = multiply(w, x, tokens, context);
      EXPECT_EQ(zero, std::vector<float>(tokens * 5));
    }
  }
}

// The sum of 4095 * 2^-24 next to 1 would be lost if it were not added in lanes: the exact result
// shows that products and sums are fp32, not narrower.
TEST(Matmul, ActivationsAreNotRounded) {
  const std::size_t columns = 64;
  const Weights w(std::vector<float>(columns, 1.0f), 1, columns, DType::BF16);
  std::vector<float> x(columns);
  for (std::size_t c = 0; c < columns; ++c) x[c] = 1.0f + static_cast<float>(c) * 0x1p-17f;
  for (const Context& context : contexts()) {
    EXPECT_EQ(multiply(w, x, 1, context)[0], 64.0f + 2016 * 0x1p-17f) << name_of(context);
  }
}

/// Products of x in chunks of these sizes, repeated.
std::vector<float> in_chunks(const Weights& w, const std::vector<float>& x, std::size_t tokens,
                             const std::vector<std::size_t>& sizes, const Context& context) {
  const Matrix m = w.matrix();
  std::vector<float> y(tokens * m.rows);
  for (std::size_t t = 0, i = 0; t < tokens; ++i) {
    const std::size_t n = std::min(sizes[i % sizes.size()], tokens - t);
    const Product product{m, nullptr, y.data() + t * m.rows, m.rows};
    matmul({&product, 1}, x.data() + t * m.columns, m.columns, n, context);
    t += n;
  }
  return y;
}

TEST(Matmul, BitsDoNotDependOnChunksOrThreads) {
  const std::vector<std::vector<std::size_t>> chunkings = {
      {1}, {2}, {3}, {4}, {5}, {7}, {8}, {9}, {16}, {97}, {299, 1}, {1, 2, 3, 100, 50}};
  for (const DType dtype : kTypes) {
    for (const std::size_t columns : {std::size_t{150}, std::size_t{2100}}) {
      const std::size_t tokens = 300, rows = 45;
      const Weights w(rows, columns, dtype, 4);
      const std::vector<float> x = random_floats(tokens * columns, 5);
      for (Context context : contexts()) {
        const std::vector<float> whole = multiply(w, x, tokens, context);
        for (const auto& sizes : chunkings) {
          context.threads = 1 + static_cast<int>(sizes[0] % 4);
          EXPECT_TRUE(same_bits(in_chunks(w, x, tokens, sizes, context), whole))
              << name_of(context) << " " << dtype_name(dtype) << ", chunks of " << sizes[0];
        }
      }
    }
  }
}

TEST(Matmul, BitsDoNotDependOnThreads) {
  const Weights w(1000, 300, DType::BF16, 6);
  for (const std::size_t tokens : {1, 4, 40}) {
    const std::vector<float> x = random_floats(tokens * 300, 7);
    for (Context context : contexts()) {
      const std::vector<float> one = multiply(w, x, tokens, context);
      for (context.threads = 2; context.threads <= 4; ++context.threads) {
        EXPECT_TRUE(same_bits(multiply(w, x, tokens, context), one))
            << name_of(context) << ", " << context.threads << " threads, " << tokens << " tokens";
      }
    }
  }
}

// A row of a larger matrix gives what the row alone gives.
TEST(Matmul, BitsDoNotDependOnTheOtherRows) {
  const std::size_t rows = 23, columns = 200, tokens = 10;
  const std::vector<float> values = random_floats(rows * columns, 8);
  const std::vector<float> x = random_floats(tokens * columns, 9);
  const Weights all(values, rows, columns, DType::BF16);
  for (const Context& context : contexts()) {
    const std::vector<float> y = multiply(all, x, tokens, context);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(r * columns);
      const Weights one({begin, begin + static_cast<std::ptrdiff_t>(columns)}, 1, columns,
                        DType::BF16);
      const std::vector<float> alone = multiply(one, x, tokens, context);
      for (std::size_t t = 0; t < tokens; ++t) {
        EXPECT_EQ(alone[t], y[t * rows + r]) << name_of(context) << " row " << r;
      }
    }
  }
}

// q, k and v of different types, results side by side in one array with room between tokens.
TEST(Matmul, JobListsEqualSingleProducts) {
  const std::size_t columns = 333, gap = 3;
  const std::vector<Weights> weights = {
      Weights(70, columns, DType::BF16, 10), Weights(9, columns, DType::F32, 11),
      Weights(31, columns, DType::BF16, 12), Weights(6, columns, DType::F16, 13)};
  const std::vector<float> bias = random_floats(31, 14);
  for (const std::size_t tokens : {1, 6, 21}) {
    const std::vector<float> x = random_floats(tokens * columns, 15);
    for (const Context& context : contexts(3)) {
      const std::size_t ldy = 70 + 9 + 31 + 6 + gap;
      std::vector<float> y(tokens * ldy, -1.0f);
      std::vector<Product> list;
      std::size_t at = 0;
      for (const Weights& w : weights) {
        list.push_back({w.matrix(), &w == &weights[2] ? bias.data() : nullptr, y.data() + at, ldy});
        at += w.matrix().rows;
      }
      matmul(list, x.data(), columns, tokens, context);
      at = 0;
      for (const Weights& w : weights) {
        const std::vector<float> alone =
            multiply(w, x, tokens, context, &w == &weights[2] ? bias.data() : nullptr);
        const std::size_t rows = w.matrix().rows;
        for (std::size_t t = 0; t < tokens; ++t) {
          for (std::size_t r = 0; r < rows; ++r) {
            EXPECT_EQ(y[t * ldy + at + r], alone[t * rows + r]);
          }
        }
        at += rows;
      }
      for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t i = at; i < ldy; ++i) EXPECT_EQ(y[t * ldy + i], -1.0f);
      }
    }
  }
}

// Rows of x may lie further apart than the columns; what is between them is not read.
TEST(Matmul, ActivationsMayBeStrided) {
  const std::size_t columns = 50, ldx = 61, tokens = 11;
  const Weights w(8, columns, DType::BF16, 16);
  const std::vector<float> dense = random_floats(tokens * columns, 17);
  std::vector<float> strided(tokens * ldx, NAN);
  for (std::size_t i = 0; i < dense.size(); ++i)
    strided[i / columns * ldx + i % columns] = dense[i];
  for (const Context& context : contexts()) {
    std::vector<float> y(tokens * 8);
    const Product product{w.matrix(), nullptr, y.data(), 8};
    matmul({&product, 1}, strided.data(), ldx, tokens, context);
    EXPECT_TRUE(same_bits(y, multiply(w, dense, tokens, context)));
  }
}

TEST(Matmul, NanAndInfinityReachTheirRowOrTokenOnly) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const DType dtype : kTypes) {
    for (const std::size_t at : {0, 5, 31, 32, 39}) {
      const std::size_t rows = 6, columns = 40;
      std::vector<float> values(rows * columns, 0.5f);
      values[2 * columns + at] = NAN;
      values[3 * columns + at] = inf;
      const Weights w(values, rows, columns, dtype);
      for (const std::size_t tokens : {1, 4, 12}) {
        std::vector<float> x(tokens * columns, 1.0f);
        if (tokens > 1) x[columns + at] = -inf;
        for (const Context& context : contexts()) {
          const std::vector<float> y = multiply(w, x, tokens, context);
          for (std::size_t t = 0; t < tokens; ++t) {
            for (std::size_t r = 0; r < rows; ++r) {
              const float v = y[t * rows + r];
              const float usual = r == 3 ? inf : 20.0f;
              if (r == 2) {
                EXPECT_TRUE(std::isnan(v));
              } else {
                EXPECT_EQ(v, t == 1 ? -inf : usual);
              }
            }
          }
        }
      }
    }
  }
}

TEST(Matmul, DenormalWeightsCount) {
  const std::size_t columns = 35;
  for (const auto& [dtype, least] :
       {std::pair{DType::BF16, 0x1p-133f}, {DType::F16, 0x1p-24f}, {DType::F32, 0x1p-149f}}) {
    const Weights w(std::vector<float>(columns, least), 1, columns, dtype);
    for (const std::size_t tokens : {1, 10}) {
      const std::vector<float> x(tokens * columns, 0x1p100f);
      for (const Context& context : contexts()) {
        for (const float v : multiply(w, x, tokens, context)) {
          EXPECT_EQ(v, 35 * least * 0x1p100f) << name_of(context) << " " << dtype_name(dtype);
        }
      }
    }
  }
}

TEST(Matmul, RefusesWhatItCannotMultiply) {
  const Context context;
  const Weights a(2, 8, DType::BF16, 1), b(2, 9, DType::BF16, 1);
  std::vector<float> x(16), y(4);
  const std::vector<Product> uneven = {{a.matrix(), nullptr, y.data(), 2},
                                       {b.matrix(), nullptr, y.data() + 2, 2}};
  EXPECT_THROW(matmul(uneven, x.data(), 8, 1, context), Error);
  Matrix bytes = a.matrix();
  bytes.dtype = DType::F8_E4M3;
  const Product product{bytes, nullptr, y.data(), 2};
  EXPECT_THROW(matmul({&product, 1}, x.data(), 8, 1, context), Error);
  matmul({}, x.data(), 8, 1, context);
}

}  // namespace
}  // namespace mod::nn::testing
