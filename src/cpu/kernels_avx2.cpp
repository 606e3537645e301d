// The kernels for AVX2, FMA and F16C. Flags: cmake/isa.cmake.
#define MOD_KERNEL_NAMESPACE avx2
#include "cpu/kernel_tables.h"
#include "cpu/kernels_impl.h"

namespace mod::cpu {

constinit const Kernels kAvx2Kernels = avx2::make_kernels(Isa::kAvx2);

}  // namespace mod::cpu
