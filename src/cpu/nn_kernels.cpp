#include "cpu/nn_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mod::cpu {
namespace {

void exp_of(const float* x, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = std::exp(x[i]);
}

float log_sum_exp(const float* x, std::size_t n) noexcept {
  if (n == 0) return -std::numeric_limits<float>::infinity();
  const float most = *std::max_element(x, x + n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(x[i] - most);
  return most + static_cast<float>(std::log(sum));
}

void softmax(const float* x, float* y, std::size_t n) noexcept {
  if (n == 0) return;
  const float most = *std::max_element(x, x + n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += y[i] = std::exp(x[i] - most);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(y[i] / sum);
}

void log_softmax(const float* x, float* y, std::size_t n) noexcept {
  const float total = log_sum_exp(x, n);
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] - total;
}

void rms_norm(const float* x, const float* weight, float offset, float epsilon, float* y,
              std::size_t n) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const float scale = static_cast<float>(1 / std::sqrt(sum / static_cast<double>(n) + epsilon));
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] * scale * (weight[i] + offset);
}

void silu_mul(const float* gate, const float* up, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
}

void gelu_mul(const float* gate, const float* up, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = gate[i] * 0.5f * (1 + std::erf(gate[i] * 0.70710678f)) * up[i];
  }
}

void gelu_tanh_mul(const float* gate, const float* up, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const float g = gate[i];
    y[i] = 0.5f * g * (1 + std::tanh(0.79788456f * (g + 0.044715f * g * g * g))) * up[i];
  }
}

void soft_cap(const float* x, float cap, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = cap * std::tanh(x[i] / cap);
}

void rope(float* x, const float* cos, const float* sin, std::size_t half) noexcept {
  for (std::size_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    x[i] = a * cos[i] - b * sin[i];
    x[i + half] = b * cos[i] + a * sin[i];
  }
}

void add(const float* x, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] += x[i];
}

void scale(float a, const float* x, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = a * x[i];
}

void axpy(float a, const float* x, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

float dot(const float* x, const float* y, std::size_t n) noexcept {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

std::size_t argmax(const float* x, std::size_t n) noexcept {
  std::size_t best = 0;
  bool found = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isnan(x[i]) && (!found || x[i] > x[best])) best = i, found = true;
  }
  return best;
}

}  // namespace

const NnKernels& nn_kernels(Isa isa) {
  static constexpr VectorKernels kVector = {
      exp_of,   softmax, log_softmax, log_sum_exp, rms_norm, silu_mul, gelu_mul, gelu_tanh_mul,
      soft_cap, rope,    add,         scale,       axpy,     dot,      argmax};
  static constexpr NnKernels kTables[] = {
      {Isa::kScalar, kVector}, {Isa::kAvx2, kVector}, {Isa::kAvx512, kVector}};
  return kTables[static_cast<int>(isa)];
}

}  // namespace mod::cpu
