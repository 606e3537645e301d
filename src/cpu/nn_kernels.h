// The compute kernels of the runtime: one body for each operation, compiled per instruction set.
// fp32 throughout; sums are held in the lanes of one vector and added in a fixed tree, so a result
// depends on the instruction set and on nothing else (not on threads, batch or alignment). Pointers
// need only the alignment of their element; n may be 0; y may be x itself unless said, no other
// overlap. NaN goes in, NaN comes out. No kernel allocates, throws or keeps state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/attention_kernels.h"
#include "cpu/isa.h"
#include "cpu/matmul_kernels.h"
#include "cpu/mix_kernels.h"

namespace mod::cpu {

/// Operations on one vector of n numbers.
struct VectorKernels {
  /// y = e^x.
  void (*exp)(const float* x, float* y, std::size_t n) noexcept;
  /// y = softmax(x): e^(x - max) / sum. -inf gives 0. All -inf, a +inf or a NaN give NaN
  /// everywhere.
  void (*softmax)(const float* x, float* y, std::size_t n) noexcept;
  /// y = x - log sum e^x.
  void (*log_softmax)(const float* x, float* y, std::size_t n) noexcept;
  /// log sum e^x; -inf for n = 0.
  float (*log_sum_exp)(const float* x, std::size_t n) noexcept;
  /// y = x / sqrt(mean(x^2) + epsilon) * (weight + offset); offset is 1 for Gemma, else 0.
  void (*rms_norm)(const float* x, const float* weight, float offset, float epsilon, float* y,
                   std::size_t n) noexcept;
  /// y = gate * sigmoid(gate) * up; y may be gate or up.
  void (*silu_mul)(const float* gate, const float* up, float* y, std::size_t n) noexcept;
  /// y = gate * Phi(gate) * up with the normal distribution function Phi (by erf); y may be gate or
  /// up.
  void (*gelu_mul)(const float* gate, const float* up, float* y, std::size_t n) noexcept;
  /// The same with Phi(g) ~ (1 + tanh(sqrt(2/pi) (g + 0.044715 g^3))) / 2 (gelu_pytorch_tanh).
  void (*gelu_tanh_mul)(const float* gate, const float* up, float* y, std::size_t n) noexcept;
  /// y = cap * tanh(x / cap) (Gemma 2).
  void (*soft_cap)(const float* x, float cap, float* y, std::size_t n) noexcept;
  /// Rotates x[i], x[i + half] by the angle whose cosine and sine are cos[i], sin[i], i < half (the
  /// half-split convention of Hugging Face), in place.
  void (*rope)(float* x, const float* cos, const float* sin, std::size_t half) noexcept;
  /// y += x.
  void (*add)(const float* x, float* y, std::size_t n) noexcept;
  /// y = a x.
  void (*scale)(float a, const float* x, float* y, std::size_t n) noexcept;
  /// y += a x.
  void (*axpy)(float a, const float* x, float* y, std::size_t n) noexcept;
  float (*dot)(const float* x, const float* y, std::size_t n) noexcept;
  /// Index of the largest element, the lowest one of equals; NaN is never the largest. 0 if there
  /// is none.
  std::size_t (*argmax)(const float* x, std::size_t n) noexcept;
};

/// The limits that the others are measured against, for one thread.
struct LimitKernels {
  /// Reads about `bytes` bytes in 1, 4 or 8 streams side by side, of which 8 are fetched ahead; the
  /// result only keeps the reads alive.
  std::uint32_t (*read)(const void* data, std::size_t bytes, int streams) noexcept;
  /// Multiply-adds in registers; returns the number of floating-point operations.
  std::uint64_t (*multiply_adds)(std::size_t steps, float* result) noexcept;
};

struct NnKernels {
  Isa isa;
  VectorKernels vector;
  MatmulKernels matmul;
  AttentionKernels attention;
  LimitKernels limit;
  MixKernels mix;
};

/// The table of one instruction set, which must be supported by this machine.
const NnKernels& nn_kernels(Isa isa);

}  // namespace mod::cpu
