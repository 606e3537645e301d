// The kernel tables, one for each instruction set built into this program. Constants: nothing runs
// at program start that a lesser processor could not execute.
#pragma once

#include "cpu/kernels.h"

namespace mod::cpu {

extern const Kernels kScalarKernels;
#ifdef MOD_X86
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace mod::cpu
