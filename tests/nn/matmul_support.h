// What the matmul tests share: weights of every type at any address, and products in double.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "cpu/context.h"
#include "nn/matmul.h"

namespace mod::nn::testing {

/// One context for each instruction set of this machine.
inline std::vector<Context> contexts(int threads = 1) {
  std::vector<Context> all;
  for (const cpu::Isa isa : cpu::supported_isas()) {
    all.push_back({.threads = threads, .kernels = &cpu::kernels(isa)});
  }
  return all;
}

inline std::string name_of(const Context& context) {
  return std::string(cpu::isa_name(context.kernels->isa));
}

inline std::vector<float> random_floats(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& v : x) v = normal(random);
  return x;
}

/// A matrix whose bytes begin one element past an aligned address, so every load is unaligned.
class Weights {
 public:
  Weights(std::size_t rows, std::size_t columns, DType dtype, unsigned seed)
      : Weights(random_floats(rows * columns, seed), rows, columns, dtype) {}

  Weights(const std::vector<float>& values, std::size_t rows, std::size_t columns, DType dtype)
      : bytes_((rows * columns + 65) * dtype_size(dtype)),
        rows_(rows),
        columns_(columns),
        dtype_(dtype) {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
    offset_ = (64 - address % 64) % 64 + dtype_size(dtype);
    const cpu::ConvertKernels& convert = cpu::kernels(cpu::Isa::kScalar).convert;
    convert.narrow[static_cast<int>(dtype)](values.data(), data(), values.size());
    stored_.resize(values.size());
    convert.widen[static_cast<int>(dtype)](data(), stored_.data(), values.size());
  }

  Matrix matrix() const { return {bytes_.data() + offset_, dtype_, rows_, columns_}; }
  double at(std::size_t r, std::size_t c) const { return stored_[r * columns_ + c]; }

 private:
  std::byte* data() { return bytes_.data() + offset_; }

  std::vector<std::byte> bytes_;
  std::size_t rows_, columns_, offset_;
  DType dtype_;
  std::vector<float> stored_;
};

/// The rows of y that `tokens` tokens give; x has `columns` floats a token.
inline std::vector<float> multiply(const Weights& w, const std::vector<float>& x,
                                   std::size_t tokens, const Context& context,
                                   const float* bias = nullptr) {
  const Matrix m = w.matrix();
  std::vector<float> y(tokens * m.rows, NAN);
  const Product product{m, bias, y.data(), m.rows};
  matmul({&product, 1}, x.data(), m.columns, tokens, context);
  return y;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace mod::nn::testing
