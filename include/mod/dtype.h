// Element types of tensors: their sizes and their names in safetensors headers and in configs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mod {

enum class DType : std::uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8_E4M3,
  F8_E5M2,
  I64,
  I32,
  I16,
  I8,
  U64,
  U32,
  U16,
  U8,
  BOOL
};
inline constexpr int kDTypeCount = 15;

/// Bytes of one element.
constexpr std::size_t dtype_size(DType t) noexcept {
  constexpr std::size_t sizes[kDTypeCount] = {8, 4, 2, 2, 1, 1, 8, 4, 2, 1, 8, 4, 2, 1, 1};
  return sizes[static_cast<int>(t)];
}

/// True for the types that take part in arithmetic; the others are only ever copied.
constexpr bool is_floating(DType t) noexcept { return t <= DType::F8_E5M2; }

/// "BF16": the name in a safetensors header.
constexpr std::string_view dtype_name(DType t) noexcept {
  constexpr std::string_view names[kDTypeCount] = {"F64",     "F32", "F16", "BF16", "F8_E4M3",
                                                   "F8_E5M2", "I64", "I32", "I16",  "I8",
                                                   "U64",     "U32", "U16", "U8",   "BOOL"};
  return names[static_cast<int>(t)];
}

/// "bfloat16": the name in config.json and in recipes.
constexpr std::string_view dtype_torch_name(DType t) noexcept {
  constexpr std::string_view names[kDTypeCount] = {
      "float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "int64", "int32",
      "int16",   "int8",    "uint64",  "uint32",   "uint16",        "uint8",       "bool"};
  return names[static_cast<int>(t)];
}

/// The type with this safetensors name; nothing for an unknown name.
constexpr std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (dtype_name(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

}  // namespace mod
