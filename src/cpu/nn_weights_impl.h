// Weights of the three stored types as fp32 vectors. One step is 2 kWide columns, read as two
// vectors: BF16 gives the even columns of the step and then the odd ones (a shift and a mask
// instead of two shuffles and two shifts), the others give them in order. See cpu/kernels_impl.h
// for the rules.
#pragma once

#include "cpu/nn_lanes_impl.h"
#include "mod/dtype.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr std::size_t kStep = 2 * kWide;

struct Bf16Weights {
  static constexpr std::size_t kBytes = 2;
  template <int half>
  MOD_INLINE static Floats widen(const std::byte* step) {
    const Ints pairs = load_wide<Ints, true>(step, kWide);
    return floats_of(half == 0 ? pairs << 16 : pairs & static_cast<std::int32_t>(0xffff0000));
  }
};

struct F16Weights {
  static constexpr std::size_t kBytes = 2;
  template <int half>
  MOD_INLINE static Floats widen(const std::byte* step) {
    const std::byte* p = step + half * kWide * kBytes;
#if defined(__AVX512F__)
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(p)));
#elif defined(__AVX2__)
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i_u*>(p)));
#else
    const U16Element* halves = reinterpret_cast<const U16Element*>(p);
    Ints bits = {};
    for (std::size_t l = 0; l < kWide; ++l) {
      bits[l] = static_cast<std::int32_t>(f16_to_f32_bits(halves[l]));
    }
    return floats_of(bits);
#endif
  }
};

struct F32Weights {
  static constexpr std::size_t kBytes = 4;
  template <int half>
  MOD_INLINE static Floats widen(const std::byte* step) {
    return load_wide<Floats, true>(step + half * kWide * kBytes, kWide);
  }
};

/// Calls call(weights) with the struct of this type.
template <class Call>
MOD_INLINE void with_weights(DType dtype, const Call& call) {
  if (dtype == DType::BF16) call(Bf16Weights{});
  if (dtype == DType::F16) call(F16Weights{});
  if (dtype == DType::F32) call(F32Weights{});
}

/// The last, partial step of a row, with zeros behind.
template <class W>
struct LastStep {
  alignas(64) std::byte bytes[kStep * W::kBytes];

  MOD_INLINE void copy(const std::byte* from, std::size_t columns) {
    __builtin_memset(bytes, 0, sizeof bytes);
    if (columns > 0) __builtin_memcpy(bytes, from, columns * W::kBytes);
  }
};

void prepare(DType dtype, const float* x, std::size_t columns, float* out) noexcept {
  std::size_t c = 0;
  const auto put = [dtype](const float* from, float* to) {
    Floats first = load(from), second = load(from + kWide);
    if (dtype == DType::BF16) split_lanes(first, second, first, second);
    store(first, to);
    store(second, to + kWide);
  };
  for (; c + kStep <= columns; c += kStep) put(x + c, out + c);
  if (c == columns) return;
  float last[kStep] = {};
  __builtin_memcpy(last, x + c, (columns - c) * sizeof(float));
  put(last, out + c);
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
