// The machine's own limits with the threads of a context, to be put beside what was measured in the
// same run: put a clock around these.
#pragma once

#include <cstddef>
#include <span>

#include "cpu/context.h"

namespace mod::nn {

/// Reads all bytes once, each thread its share in `streams` (1, 4 or 8) runs side by side. One is
/// the plain read loop, four are what hardware prefetchers like best, eight are fetched ahead as
/// matmul does for one token.
void read_all(std::span<const std::byte> bytes, int streams, const Context& context);

/// Independent fp32 multiply-adds in registers, `steps` times ten on each thread; returns the
/// number of floating-point operations of all threads.
double multiply_in_registers(std::size_t steps, const Context& context);

}  // namespace mod::nn
