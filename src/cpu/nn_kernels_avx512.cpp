// The runtime's kernels for AVX-512. Flags: cmake/isa.cmake.
#define MOD_KERNEL_NAMESPACE avx512
#include "cpu/nn_kernel_tables.h"
#include "cpu/nn_kernels_impl.h"

namespace mod::cpu {

constinit const NnKernels kAvx512NnKernels = avx512::make_nn_kernels(Isa::kAvx512);

}  // namespace mod::cpu
