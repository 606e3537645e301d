// The runtime's kernels for AVX2, FMA and F16C. Flags: cmake/isa.cmake.
#define MOD_KERNEL_NAMESPACE avx2
#include "cpu/nn_kernel_tables.h"
#include "cpu/nn_kernels_impl.h"

namespace mod::cpu {

constinit const NnKernels kAvx2NnKernels = avx2::make_nn_kernels(Isa::kAvx2);

}  // namespace mod::cpu
