// Elements of any type as long double, which holds every one of them exactly. Slow; for the types
// that have no fast path.
#pragma once

#include <cstddef>

#include "cpu/kernels.h"
#include "mod/dtype.h"

namespace mod::merge {

/// True for the types that fp32 holds exactly: they take the fast path.
constexpr bool fits_fp32(DType type) { return is_floating(type) && type != DType::F64; }

/// `n` <= kCacheElements elements at `in`.
void widen_exact(DType type, const std::byte* in, long double* out, std::size_t n,
                 const cpu::Kernels& kernels);

}  // namespace mod::merge
