// Element access for the kernel bodies: no alignment is assumed and any type may lie underneath, so
// that bytes straight from a file can be read in place. See cpu/kernels_impl.h for the rules.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

typedef std::uint8_t U8Element __attribute__((may_alias));
typedef std::uint16_t U16Element __attribute__((aligned(1), may_alias));
typedef std::uint32_t U32Element __attribute__((aligned(1), may_alias));
typedef float F32Element __attribute__((aligned(1), may_alias));
typedef double F64Element __attribute__((aligned(1), may_alias));

inline float float_from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
inline std::uint32_t bits_from_float(float x) { return __builtin_bit_cast(std::uint32_t, x); }

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
