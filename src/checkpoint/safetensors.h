// The safetensors header: parse strictly, and emit exactly as the safetensors library does.
// Rules: 8-byte little-endian length <= 100,000,000; JSON object starting with '{'; UTF-8; no
// duplicate keys; size = shape x dtype with checked multiplication; data contiguous without hole or
// overlap; file length exactly covered.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mod/dtype.h"

namespace mod::checkpoint {

struct HeaderTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // relative to the end of the header
};

struct SafetensorsHeader {
  std::vector<HeaderTensor> tensors;                          // by offset
  std::vector<std::pair<std::string, std::string>> metadata;  // __metadata__
  std::uint64_t data_offset = 0;                              // 8 + header length
};

inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// Length of the JSON text after the first 8 bytes, checked against the limit and the file.
/// Throws Error(kCorruptFile).
std::uint64_t safetensors_header_length(std::string_view prefix, std::uint64_t file_size,
                                        const std::string& where);

/// `prefix` holds at least the 8 length bytes and the header. `where` names the file in messages.
/// Throws Error(kCorruptFile); Error(kUnsupported) for a type of the format that mod.cpp has not.
SafetensorsHeader parse_safetensors_header(std::string_view prefix, std::uint64_t file_size,
                                           const std::string& where);

/// Sets begin/end of every tensor (order: widest dtype first, then name) and returns the bytes of
/// the file up to the data: length, JSON, spaces to a multiple of 8. `tensors` is sorted in place.
std::string emit_safetensors_header(std::vector<HeaderTensor>& tensors,
                                    std::span<const std::pair<std::string, std::string>> metadata);

}  // namespace mod::checkpoint
