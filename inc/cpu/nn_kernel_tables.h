// The tables of the runtime's kernels, one for each instruction set built into this program.
// Constants: nothing runs at program start that a lesser processor could not execute.
#pragma once

#include "cpu/nn_kernels.h"

namespace mod::cpu {

extern const NnKernels kScalarNnKernels;
#ifdef MOD_X86
extern const NnKernels kAvx2NnKernels;
extern const NnKernels kAvx512NnKernels;
#endif

}  // namespace mod::cpu
