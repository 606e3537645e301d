// The merge kernels of one instruction set: see cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/merge_kernels.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr MergeKernels make_merge_kernels() { return {}; }

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
