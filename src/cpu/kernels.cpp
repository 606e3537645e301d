#include "cpu/kernels.h"

#include "cpu/kernel_tables.h"
#include "mod/error.h"

namespace mod::cpu {

const Kernels& kernels(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return kScalarKernels;
#ifdef MOD_X86
    case Isa::kAvx2:
      return kAvx2Kernels;
    case Isa::kAvx512:
      return kAvx512Kernels;
#else
    default:
      break;
#endif
  }
  throw Error(ErrorCode::kInternal, "kernels asked for an instruction set that was not built");
}

}  // namespace mod::cpu
