// The bodies behind VectorKernels (cpu/nn_kernels.h). See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/nn_kernels.h"
#include "cpu/nn_math_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

/// y[i] = f(x[i]); the padding of the last vector is computed and dropped.
template <class F>
MOD_INLINE void map(const float* x, float* y, std::size_t n, const F& f) {
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    store_wide<whole>(f(load_wide<Floats, whole>(x + i, count)), y + i, count);
  });
}

template <class F>
MOD_INLINE void map(const float* a, const float* b, float* y, std::size_t n, const F& f) {
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    const Floats value =
        f(load_wide<Floats, whole>(a + i, count), load_wide<Floats, whole>(b + i, count));
    store_wide<whole>(value, y + i, count);
  });
}

/// Sum of term(i, count) over the vectors of a run, four vectors side by side.
template <class Term>
MOD_INLINE float sum_of(std::size_t n, const Term& term) {
  Floats a{}, b{}, c{}, d{};
  std::size_t i = 0;
  for (; i + 4 * kWide <= n; i += 4 * kWide) {
    a = term(WholeVector{}, i, kWide, a);
    b = term(WholeVector{}, i + kWide, kWide, b);
    c = term(WholeVector{}, i + 2 * kWide, kWide, c);
    d = term(WholeVector{}, i + 3 * kWide, kWide, d);
  }
  for (; i + kWide <= n; i += kWide) a = term(WholeVector{}, i, kWide, a);
  if (i < n) b = term(PartVector{}, i, n - i, b);
  return add_lanes((a + c) + (b + d));
}

float largest(const float* x, std::size_t n) {
  Floats a = all(-__builtin_inff()), b = a;
  std::size_t i = 0;
  for (; i + 2 * kWide <= n; i += 2 * kWide) {
    a = larger(load(x + i), a);
    b = larger(load(x + i + kWide), b);
  }
  a = larger(a, b);
  float most = -__builtin_inff();
  for (std::size_t l = 0; l < kWide; ++l) most = a[l] > most ? a[l] : most;
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

/// Terms of a long sum that are added in fp32 before they go to fp64.
constexpr std::size_t kSumBlock = 1024;

void exp_all(const float* x, float* y, std::size_t n) noexcept {
  map(x, y, n, [](Floats v) MOD_BODY { return exp_of(v); });
}

/// y = e^(x - most) where y is wanted; returns the sum.
template <bool kStore>
double exponentials(const float* x, float most, float* y, std::size_t n) {
  double total = 0;
  for (std::size_t from = 0; from < n; from += kSumBlock) {
    const std::size_t count = n - from < kSumBlock ? n - from : kSumBlock;
    total += sum_of(
        count, [&](auto tag, std::size_t i, std::size_t elements, Floats sum) MOD_BODY -> Floats {
          constexpr bool whole = decltype(tag)::kWhole;
          Floats e = exp_of(load_wide<Floats, whole>(x + from + i, elements) - most);
          if constexpr (kStore) store_wide<whole>(e, y + from + i, elements);
          if constexpr (!whole) {
            for (std::size_t l = elements; l < kWide; ++l) e[l] = 0;
          }
          return sum + e;
        });
  }
  return total;
}

void softmax(const float* x, float* y, std::size_t n) noexcept {
  if (n == 0) return;
  const double sum = exponentials<true>(x, largest(x, n), y, n);
  const float share = static_cast<float>(1 / sum);
  map(y, y, n, [share](Floats v) MOD_BODY { return v * share; });
}

void log_softmax(const float* x, float* y, std::size_t n) noexcept {
  if (n == 0) return;
  const float most = largest(x, n);
  const float log_sum = static_cast<float>(__builtin_log(exponentials<false>(x, most, y, n)));
  map(x, y, n, [most, log_sum](Floats v) MOD_BODY { return (v - most) - log_sum; });
}

float log_sum_exp(const float* x, std::size_t n) noexcept {
  const float most = largest(x, n);
  if (n == 0) return most;
  return static_cast<float>(most + __builtin_log(exponentials<false>(x, most, nullptr, n)));
}

void rms_norm(const float* x, const float* weight, float offset, float epsilon, float* y,
              std::size_t n) noexcept {
  const float squares =
      sum_of(n, [x](auto tag, std::size_t i, std::size_t count, Floats sum) MOD_BODY -> Floats {
        const Floats v = load_wide<Floats, decltype(tag)::kWhole>(x + i, count);
        return multiply_add(v, v, sum);
      });
  const double mean = static_cast<double>(squares) / static_cast<double>(n);
  const float scale = static_cast<float>(1 / __builtin_sqrt(mean + epsilon));
  map(x, weight, y, n,
      [scale, offset](Floats v, Floats w) MOD_BODY { return v * scale * (w + offset); });
}

void silu_mul(const float* gate, const float* up, float* y, std::size_t n) noexcept {
  map(gate, up, y, n, [](Floats g, Floats u) MOD_BODY { return g / (exp_of(-g) + 1.0f) * u; });
}

void gelu_mul(const float* gate, const float* up, float* y, std::size_t n) noexcept {
  map(gate, up, y, n, [](Floats g, Floats u) MOD_BODY { return times_normal(g) * u; });
}

/// (1 + tanh z) / 2 = 1 / (1 + e^-2z), which does not cancel for negative z.
void gelu_tanh_mul(const float* gate, const float* up, float* y, std::size_t n) noexcept {
  map(gate, up, y, n, [](Floats g, Floats u) MOD_BODY {
    const Floats cubic = multiply_add(g * g, g * 0.044715f, g);
    return g / (exp_of(cubic * -1.5957691216f) + 1.0f) * u;  // 2 sqrt(2 / pi)
  });
}

void soft_cap(const float* x, float cap, float* y, std::size_t n) noexcept {
  map(x, y, n, [cap](Floats v) MOD_BODY { return tanh_of(v / cap) * cap; });
}

void rope(float* x, const float* cos, const float* sin, std::size_t half) noexcept {
  for_vectors(half, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    const Floats a = load_wide<Floats, whole>(x + i, count);
    const Floats b = load_wide<Floats, whole>(x + half + i, count);
    const Floats c = load_wide<Floats, whole>(cos + i, count);
    const Floats s = load_wide<Floats, whole>(sin + i, count);
    store_wide<whole>(multiply_add(a, c, -(b * s)), x + i, count);
    store_wide<whole>(multiply_add(b, c, a * s), x + half + i, count);
  });
}

void add(const float* x, float* y, std::size_t n) noexcept {
  map(x, y, y, n, [](Floats a, Floats b) MOD_BODY { return a + b; });
}

void scale(float a, const float* x, float* y, std::size_t n) noexcept {
  map(x, y, n, [a](Floats v) MOD_BODY { return v * a; });
}

void axpy(float a, const float* x, float* y, std::size_t n) noexcept {
  const Floats factor = all(a);
  map(x, y, y, n, [factor](Floats u, Floats v) MOD_BODY { return multiply_add(factor, u, v); });
}

float dot(const float* x, const float* y, std::size_t n) noexcept {
  return sum_of(n,
                [x, y](auto tag, std::size_t i, std::size_t count, Floats sum) MOD_BODY -> Floats {
                  constexpr bool whole = decltype(tag)::kWhole;
                  return multiply_add(load_wide<Floats, whole>(x + i, count),
                                      load_wide<Floats, whole>(y + i, count), sum);
                });
}

std::size_t argmax(const float* x, std::size_t n) noexcept {
  const float most = largest(x, n);
  std::size_t i = 0;
  for (; i + kWide <= n; i += kWide) {
    const Ints equal = load(x + i) == all(most);
    std::int32_t any = 0;
    for (std::size_t l = 0; l < kWide; ++l) any |= equal[l];
    if (any != 0) break;
  }
  for (; i < n; ++i) {
    if (x[i] == most) return i;
  }
  return 0;
}

constexpr VectorKernels make_vector_kernels() {
  return {.exp = exp_all,
          .softmax = softmax,
          .log_softmax = log_softmax,
          .log_sum_exp = log_sum_exp,
          .rms_norm = rms_norm,
          .silu_mul = silu_mul,
          .gelu_mul = gelu_mul,
          .gelu_tanh_mul = gelu_tanh_mul,
          .soft_cap = soft_cap,
          .rope = rope,
          .add = add,
          .scale = scale,
          .axpy = axpy,
          .dot = dot,
          .argmax = argmax};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
