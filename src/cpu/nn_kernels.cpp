#include "cpu/nn_kernels.h"

#include "cpu/nn_kernel_tables.h"
#include "mod/error.h"

namespace mod::cpu {

const NnKernels& nn_kernels(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return kScalarNnKernels;
#ifdef MOD_X86
    case Isa::kAvx2:
      return kAvx2NnKernels;
    case Isa::kAvx512:
      return kAvx512NnKernels;
#else
    default:
      break;
#endif
  }
  throw Error(ErrorCode::kInternal, "kernels asked for an instruction set that was not built");
}

}  // namespace mod::cpu
