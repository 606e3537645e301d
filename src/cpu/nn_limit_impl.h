// The machine's own limits for one thread: reading memory and multiplying in registers. See
// cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/nn_kernels.h"
#include "cpu/nn_lanes_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr std::size_t kReadAhead = 512;  // bytes, as matmul does where it reads eight streams

/// kStreams runs side by side, two vectors of each in a step.
template <std::size_t kStreams>
std::uint32_t read_streams(const std::byte* p, std::size_t bytes) {
  constexpr std::size_t kBytes = 2 * sizeof(Ints);
  const std::size_t apart = bytes / kStreams / kBytes * kBytes;
  Ints sum[4] = {};
  for (std::size_t at = 0; at < apart; at += kBytes) {
    for (std::size_t s = 0; s < kStreams; ++s) {
      const std::byte* from = p + s * apart + at;
      if (kStreams == 8) {
        for (std::size_t line = 0; line < kBytes; line += 64) {
          __builtin_prefetch(from + kReadAhead + line);
        }
      }
      sum[s % 4] ^= load_wide<Ints, true>(from, kWide);
      sum[(s + 2) % 4] ^= load_wide<Ints, true>(from + sizeof(Ints), kWide);
    }
  }
  const Ints folded = (sum[0] ^ sum[1]) ^ (sum[2] ^ sum[3]);
  std::uint32_t result = 0;
  for (std::size_t l = 0; l < kWide; ++l) result ^= static_cast<std::uint32_t>(folded[l]);
  return result;
}

std::uint32_t read_memory(const void* data, std::size_t bytes, int streams) noexcept {
  const auto* p = static_cast<const std::byte*>(data);
  if (streams == 8) return read_streams<8>(p, bytes);
  return streams == 1 ? read_streams<1>(p, bytes) : read_streams<4>(p, bytes);
}

/// Ten chains: more than latency times throughput of any processor that has these instructions.
std::uint64_t multiply_adds(std::size_t steps, float* result) noexcept {
  Floats a = all(1.0f), b = all(2.0f), c = all(3.0f), d = all(4.0f), e = all(5.0f);
  Floats f = all(6.0f), g = all(7.0f), h = all(8.0f), i = all(9.0f), j = all(10.0f);
  const Floats factor = all(0.999f), term = all(0.001f);
  for (std::size_t step = 0; step < steps; ++step) {
    a = multiply_add(a, factor, term), b = multiply_add(b, factor, term);
    c = multiply_add(c, factor, term), d = multiply_add(d, factor, term);
    e = multiply_add(e, factor, term), f = multiply_add(f, factor, term);
    g = multiply_add(g, factor, term), h = multiply_add(h, factor, term);
    i = multiply_add(i, factor, term), j = multiply_add(j, factor, term);
  }
  *result = add_lanes(a + b + c + d + e + f + g + h + i + j);
  return std::uint64_t{steps} * 10 * 2 * kWide;
}

constexpr LimitKernels make_limit_kernels() {
  return {.read = read_memory, .multiply_adds = multiply_adds};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
