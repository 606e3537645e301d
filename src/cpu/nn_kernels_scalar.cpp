// The runtime's kernels for any processor. Flags: cmake/isa.cmake.
#define MOD_KERNEL_NAMESPACE scalar
#include "cpu/nn_kernel_tables.h"
#include "cpu/nn_kernels_impl.h"

namespace mod::cpu {

constinit const NnKernels kScalarNnKernels = scalar::make_nn_kernels(Isa::kScalar);

}  // namespace mod::cpu
