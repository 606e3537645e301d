#include "nn/limits.h"

#include <atomic>
#include <cstdint>

#include "cpu/nn_kernels.h"
#include "cpu/parallel.h"

namespace mod::nn {

void read_all(std::span<const std::byte> bytes, int streams, const Context& context) {
  const cpu::LimitKernels& kernels = cpu::nn_kernels(context.kernels->isa).limit;
  std::atomic<std::uint32_t> seen{0};  // what was read has to go somewhere
  cpu::parallel_for(context.threads, bytes.size(), 1 << 20,
                    [&](std::size_t first, std::size_t last) {
                      seen ^= kernels.read(bytes.data() + first, last - first, streams);
                    });
}

double multiply_in_registers(std::size_t steps, const Context& context) {
  const cpu::LimitKernels& kernels = cpu::nn_kernels(context.kernels->isa).limit;
  std::atomic<std::uint64_t> operations{0};
  cpu::parallel_parts(context.threads, [&](int, int) {
    float result = 0;
    operations += kernels.multiply_adds(steps, &result);
  });
  return static_cast<double>(operations.load());
}

}  // namespace mod::nn
