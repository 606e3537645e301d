// The body of kernels_scalar.cpp, kernels_avx2.cpp and kernels_avx512.cpp.
//
// Whatever is compiled here with AVX flags must not leave its object file: an inline function or a
// template with external linkage (anything of std::, for instance) could be picked by the linker
// for the whole program and then crash a processor without AVX. So everything sits in an unnamed
// namespace and nothing of std:: is instantiated.
#pragma once

#ifndef MOD_KERNEL_NAMESPACE
#error "kernels_<isa>.cpp defines MOD_KERNEL_NAMESPACE first"
#endif

#include "cpu/convert_impl.h"
#include "cpu/kernels.h"
#include "cpu/merge_kernels_impl.h"
#include "cpu/random_impl.h"
#include "cpu/reduce_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr Kernels make_kernels(Isa isa) {
  return {isa, make_convert_kernels(), make_reduce_kernels(), make_random_kernels(),
          make_merge_kernels()};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
