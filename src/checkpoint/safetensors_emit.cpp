#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "checkpoint/safetensors.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

/// Place of a type in the order in which the safetensors library declares its types; files are laid
/// out from the highest down. Compared with what safetensors 0.6.2 and 0.8.0 write.
int layout_rank(DType type) {
  constexpr DType order[kDTypeCount] = {DType::BOOL,    DType::U8,  DType::I8,  DType::F8_E5M2,
                                        DType::F8_E4M3, DType::I16, DType::U16, DType::F16,
                                        DType::BF16,    DType::I32, DType::U32, DType::F32,
                                        DType::F64,     DType::I64, DType::U64};
  return static_cast<int>(std::find(std::begin(order), std::end(order), type) - std::begin(order));
}

std::string json_string(const std::string& text) {
  if (!is_valid_utf8(text)) {
    throw Error(
        ErrorCode::kInvalidInput,
        "the name " + quote_name(text) + " is not UTF-8 and cannot stand in a safetensors file");
  }
  return nlohmann::json(text).dump();
}

std::uint64_t tensor_bytes(const HeaderTensor& tensor) {
  const auto elements = checked_product(tensor.shape);
  if (!elements || *elements > (std::uint64_t{1} << 62) / dtype_size(tensor.dtype)) {
    throw Error(ErrorCode::kInvalidInput, "tensor " + quote_name(tensor.name) + ": shape " +
                                              shape_text(tensor.shape) + " overflows 64 bits");
  }
  return *elements * dtype_size(tensor.dtype);
}

void lay_out(std::vector<HeaderTensor>& tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const HeaderTensor& a, const HeaderTensor& b) {
    const int rank_a = layout_rank(a.dtype), rank_b = layout_rank(b.dtype);
    return rank_a != rank_b ? rank_a > rank_b : a.name < b.name;
  });
  std::uint64_t end = 0;
  for (HeaderTensor& tensor : tensors) {
    tensor.begin = end;
    if (__builtin_add_overflow(end, tensor_bytes(tensor), &end) || end >> 63 != 0) {
      throw Error(ErrorCode::kInvalidInput, "the tensors of one file need more than 2^63 bytes");
    }
    tensor.end = end;
  }
}

std::string tensor_json(const HeaderTensor& tensor) {
  return fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                     json_string(tensor.name), dtype_name(tensor.dtype),
                     fmt::join(tensor.shape, ","), tensor.begin, tensor.end);
}

std::string metadata_json(std::span<const std::pair<std::string, std::string>> metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}:{}", json_string(key), json_string(value));
  }
  return fmt::format(R"("__metadata__":{{{}}})", text);
}

}  // namespace

std::string emit_safetensors_header(std::vector<HeaderTensor>& tensors,
                                    std::span<const std::pair<std::string, std::string>> metadata) {
  lay_out(tensors);
  std::string text = "{";
  if (!metadata.empty()) text += metadata_json(metadata);
  for (const HeaderTensor& tensor : tensors) {
    if (text.size() > 1) text += ',';
    text += tensor_json(tensor);
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kMaxHeaderBytes) {
    throw Error(ErrorCode::kInvalidInput,
                "the header of one file would exceed 100,000,000 bytes; use smaller shards");
  }
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xff);
  return bytes + text;
}

}  // namespace mod::checkpoint
