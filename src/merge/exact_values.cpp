#include "merge/exact_values.h"

#include <cstdint>
#include <cstring>

#include "merge/parallel_blocks.h"

namespace mod::merge {
namespace {

template <typename T>
void widen_as(const std::byte* in, long double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    T value;
    std::memcpy(&value, in + i * sizeof(T), sizeof(T));
    out[i] = static_cast<long double>(value);
  }
}

}  // namespace

void widen_exact(DType type, const std::byte* in, long double* out, std::size_t n,
                 const cpu::Kernels& kernels) {
  switch (type) {
    case DType::F64:
      return widen_as<double>(in, out, n);
    case DType::I64:
      return widen_as<std::int64_t>(in, out, n);
    case DType::I32:
      return widen_as<std::int32_t>(in, out, n);
    case DType::I16:
      return widen_as<std::int16_t>(in, out, n);
    case DType::I8:
      return widen_as<std::int8_t>(in, out, n);
    case DType::U64:
      return widen_as<std::uint64_t>(in, out, n);
    case DType::U32:
      return widen_as<std::uint32_t>(in, out, n);
    case DType::U16:
      return widen_as<std::uint16_t>(in, out, n);
    case DType::U8:
    case DType::BOOL:
      return widen_as<std::uint8_t>(in, out, n);
    default:
      break;
  }
  float wide[kCacheElements];
  kernels.convert.widen[static_cast<int>(type)](in, wide, n);
  for (std::size_t i = 0; i < n; ++i) out[i] = wide[i];
}

}  // namespace mod::merge
