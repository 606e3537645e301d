// The kernels for AVX-512 F, BW, DQ and VL. Flags: cmake/isa.cmake.
#define MOD_KERNEL_NAMESPACE avx512
#include "cpu/kernel_tables.h"
#include "cpu/kernels_impl.h"

namespace mod::cpu {

constinit const Kernels kAvx512Kernels = avx512::make_kernels(Isa::kAvx512);

}  // namespace mod::cpu
