// The body of nn_kernels_scalar.cpp, nn_kernels_avx2.cpp and nn_kernels_avx512.cpp. The rules of
// cpu/kernels_impl.h hold: everything in an unnamed namespace, nothing of std:: instantiated.
#pragma once

#ifndef MOD_KERNEL_NAMESPACE
#error "nn_kernels_<isa>.cpp defines MOD_KERNEL_NAMESPACE first"
#endif

#include "cpu/nn_attention_impl.h"
#include "cpu/nn_kernels.h"
#include "cpu/nn_limit_impl.h"
#include "cpu/nn_matmul_impl.h"
#include "cpu/nn_mix_impl.h"
#include "cpu/nn_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr NnKernels make_nn_kernels(Isa isa) {
  return {isa,
          make_vector_kernels(),
          make_matmul_kernels(),
          make_attention_kernels(),
          make_limit_kernels(),
          make_mix_kernels()};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
