// The kernels for any processor.
#define MOD_KERNEL_NAMESPACE scalar
#include "cpu/kernel_tables.h"
#include "cpu/kernels_impl.h"

namespace mod::cpu {

constinit const Kernels kScalarKernels = scalar::make_kernels(Isa::kScalar);

}  // namespace mod::cpu
