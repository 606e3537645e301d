// The bodies behind MixKernels (cpu/mix_kernels.h). See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/mix_kernels.h"
#include "cpu/nn_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

/// ln of a normal positive number, with `added` to its exponent: within 1 ulp. x = 2^e m with m in
/// [sqrt 1/2, sqrt 2), f = m - 1, ln m = f - f^2 / 2 + f^3 p(f), p a minimax fit of our own.
MOD_INLINE Floats log_of_normal(Floats in, Ints added) {
  // The exponent of x / sqrt(1/2) rounded down, by which the mantissa comes to [sqrt 1/2, sqrt 2).
  const Ints e = (bits_of(in) - 0x3f3504f3) >> 23;
  const Floats f = floats_of(bits_of(in) - (e << 23)) - 1.0f;
  const Floats power = __builtin_convertvector(e + added, Floats);
  Floats p = all(-0x1.38b59cp-4f);
  p = multiply_add(p, f, all(0x1.055b6cp-3f));
  p = multiply_add(p, f, all(-0x1.0d853cp-3f));
  p = multiply_add(p, f, all(0x1.22da1cp-3f));
  p = multiply_add(p, f, all(-0x1.547246p-3f));
  p = multiply_add(p, f, all(0x1.99a008p-3f));
  p = multiply_add(p, f, all(-0x1.000226p-2f));
  p = multiply_add(p, f, all(0x1.555554p-2f));
  const Floats square = f * f;
  // ln 2 in two parts; the product of the first with the exponent is exact.
  Floats low = multiply_add(power, all(0x1.7f7d1cp-20f), p * square * f);
  low = multiply_add(all(-0.5f), square, low);
  return multiply_add(power, all(0x1.62e4p-1f), f + low);
}

/// ln x of every float.
MOD_INLINE Floats log_of(Floats x) {
  const Floats infinity = all(__builtin_inff());
  // Without the sign: the exponent of a negative number would overflow before it is thrown away.
  const Floats size = floats_of(bits_of(x) & 0x7fffffff);
  const Ints small = size < 0x1p-126f;
  const Floats y = log_of_normal(choose(small, size * 0x1p23f, size), small & -23);
  const Floats above_zero = choose(x < infinity, y, x);  // +inf and NaN stay
  const Floats special = choose(x == 0.0f, -infinity, all(__builtin_nanf("")));
  return choose(x > 0.0f, above_zero, choose(x != x, x, special));
}

void log_all(const float* x, float* y, std::size_t n) noexcept {
  map(x, y, n, [](Floats v) MOD_BODY { return log_of(v); });
}

/// Both sums of at most kSumBlock terms.
void moments_of(const float* x, float scale, float most, std::size_t n, Moments* total) {
  Floats sums[2] = {}, spreads[2] = {};
  std::size_t turn = 0;
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    const Floats away = load_wide<Floats, whole>(x + i, count) * scale - most;
    Floats e = exp_of(away);
    // e^-104 is 0, and 0 * -inf would be NaN.
    Floats term = e * larger(all(-104.0f), away);
    if constexpr (!whole) {
      for (std::size_t l = count; l < kWide; ++l) e[l] = 0, term[l] = 0;
    }
    sums[turn] += e;
    spreads[turn] += term;
    turn ^= 1;
  });
  total->sum += add_lanes(sums[0] + sums[1]);
  total->spread += add_lanes(spreads[0] + spreads[1]);
}

void moments(const float* x, float scale, std::size_t n, Moments* result) noexcept {
  const float most = largest(x, n) * scale;
  *result = {most, 0, 0};
  // Only -inf (or NaN, which the sum then shows): -inf - -inf would be NaN.
  const float from = most == -__builtin_inff() ? 0 : most;
  for (std::size_t at = 0; at < n; at += kSumBlock) {
    moments_of(x + at, scale, from, n - at < kSumBlock ? n - at : kSumBlock, result);
  }
}

void shift(const float* x, float scale, float most, float log_sum, float* y,
           std::size_t n) noexcept {
  map(x, y, n, [=](Floats v) MOD_BODY { return (v * scale - most) - log_sum; });
}

constexpr std::size_t kFewExperts = 16;

/// v, and 0 in place of -inf.
MOD_INLINE Floats or_zero(Floats v) { return choose(v == -__builtin_inff(), Floats{}, v); }

/// ln sum_k e^term(k) in order of k; -inf where every term is.
template <class Term>
MOD_INLINE Floats log_sum_of(std::size_t experts, const Term& term) {
  Floats top = term(0);
  for (std::size_t k = 1; k < experts; ++k) top = larger(term(k), top);
  top = or_zero(top);
  Floats sum{};
  for (std::size_t k = 0; k < experts; ++k) sum += exp_of(term(k) - top);
  return top + log_of(sum);
}

/// -1 where a row is -inf and where one is NaN.
struct Marks {
  Ints zero, nan;
};
template <class Row>
MOD_INLINE Marks marks_of(std::size_t experts, const Row& row) {
  Marks marks{};
  for (std::size_t k = 0; k < experts; ++k) {
    const Floats v = row(k);
    marks.zero |= v == -__builtin_inff();
    marks.nan |= v != v;
  }
  return marks;
}

/// The same for 0 < rho and weights of at least e^-80 (of 1 at most), which need no second maximum:
/// the term of the largest row is then a normal number that all others are small against.
void plain_mean(const float* const* rows, const float* log_weights, std::size_t experts, float rho,
                float* y, std::size_t n) {
  const float share = 1 / rho;
  Floats one{};
  float weights[kFewExperts];
  for (std::size_t k = 0; k < experts; ++k) {
    weights[k] = exp_of(all(log_weights[k]))[0];
    one = multiply_add(all(weights[k]), all(1.0f), one);
  }
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    const auto row = [&](std::size_t k)
                         MOD_BODY { return load_wide<Floats, whole>(rows[k] + i, count); };
    Floats most = row(0);
    for (std::size_t k = 1; k < experts; ++k) most = larger(row(k), most);
    most = or_zero(most);
    Floats sum{};
    for (std::size_t k = 0; k < experts; ++k) {
      sum = multiply_add(all(weights[k]), exp_of((row(k) - most) * rho), sum);
    }
    // sum * 0 keeps a NaN.
    const Floats mean = multiply_add(log_of_normal(sum / one, Ints{}), all(share), sum * 0.0f);
    store_wide<whole>(choose(sum == 0.0f, all(-__builtin_inff()), most + mean), y + i, count);
  });
}

/// Nothing is lost where experts agree: the sum is of differences to the largest row, and the
/// weights' own sum is computed by the same operations.
void power_mean(const float* const* rows, const float* log_weights, std::size_t experts, float rho,
                float* y, std::size_t n) noexcept {
  bool plain = rho > 0 && experts <= kFewExperts;
  for (std::size_t k = 0; k < experts; ++k) {
    plain = plain && log_weights[k] >= -80 && log_weights[k] <= 0;
  }
  if (plain) return plain_mean(rows, log_weights, experts, rho, y, n);
  const Floats one =
      log_sum_of(experts, [&](std::size_t k) MOD_BODY { return all(log_weights[k]); });
  const float share = 1 / rho;
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    const auto row = [&](std::size_t k)
                         MOD_BODY { return load_wide<Floats, whole>(rows[k] + i, count); };
    Floats most = row(0);
    for (std::size_t k = 1; k < experts; ++k) most = larger(row(k), most);
    most = or_zero(most);
    const Floats sum = log_sum_of(
        experts, [&](std::size_t k) MOD_BODY { return (row(k) - most) * rho + log_weights[k]; });
    Floats mean = most + (sum - one) * share;
    if (rho < 0) {
      const Marks marks = marks_of(experts, row);
      mean = choose(marks.zero & ~marks.nan, all(-__builtin_inff()), mean);
    }
    store_wide<whole>(mean, y + i, count);
  });
}

void signed_sum(const float* const* rows, const double* exponents, std::size_t experts, float cut,
                float* y, std::size_t n) noexcept {
  double total = 0;
  for (std::size_t k = 0; k < experts; ++k) total += exponents[k];
  const float whole_sum = static_cast<float>(total);
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    const auto row = [&](std::size_t k)
                         MOD_BODY { return load_wide<Floats, whole>(rows[k] + i, count); };
    const Floats first = row(0);
    Floats sum = first * whole_sum;
    for (std::size_t k = 1; k < experts; ++k) {
      sum = multiply_add(all(static_cast<float>(exponents[k])), row(k) - first, sum);
    }
    const Marks marks = marks_of(experts, row);
    const Ints out = (marks.zero | (first < cut)) & ~marks.nan;
    store_wide<whole>(choose(out, all(-__builtin_inff()), sum), y + i, count);
  });
}

void extreme(const float* const* rows, std::size_t experts, bool want_largest, float* y,
             std::size_t n) noexcept {
  for_vectors(n, [&](auto tag, std::size_t i, std::size_t count) MOD_BODY {
    constexpr bool whole = decltype(tag)::kWhole;
    Floats best = load_wide<Floats, whole>(rows[0] + i, count);
    Ints nan = best != best;
    for (std::size_t k = 1; k < experts; ++k) {
      const Floats v = load_wide<Floats, whole>(rows[k] + i, count);
      nan |= v != v;
      best = want_largest ? larger(v, best) : smaller(v, best);
    }
    store_wide<whole>(choose(nan, all(__builtin_nanf("")), best), y + i, count);
  });
}

float largest_of(const float* x, std::size_t n) noexcept { return largest(x, n); }

std::size_t count_above(const float* x, float value, bool or_equal, std::size_t n) noexcept {
  Ints above{};  // minus the count of each lane
  std::size_t i = 0;
  if (or_equal) {
    for (; i + kWide <= n; i += kWide) above += load(x + i) >= value;
  } else {
    for (; i + kWide <= n; i += kWide) above += load(x + i) > value;
  }
  std::size_t count = 0;
  for (std::size_t l = 0; l < kWide; ++l) count += static_cast<std::size_t>(-above[l]);
  for (; i < n; ++i) count += (or_equal ? x[i] >= value : x[i] > value) ? 1 : 0;
  return count;
}

constexpr MixKernels make_mix_kernels() {
  return {.log = log_all,
          .moments = moments,
          .shift = shift,
          .power_mean = power_mean,
          .signed_sum = signed_sum,
          .extreme = extreme,
          .largest = largest_of,
          .count_above = count_above};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
