#include "checkpoint/quantised.h"

namespace mod::checkpoint {

std::string_view quantised_format(const std::vector<TensorInfo>& tensors) {
  bool packed = false, zeros = false, group_index = false;
  for (const TensorInfo& tensor : tensors) {
    const std::string_view name = tensor.name;
    if (name.find(".quant_state.bitsandbytes__") != std::string_view::npos ||
        name.ends_with(".weight.absmax") || name.ends_with(".weight.quant_map") ||
        (name.ends_with(".SCB") && tensor.dtype == DType::F32)) {
      return "bitsandbytes";
    }
    packed = packed || name.ends_with(".qweight");
    zeros = zeros || name.ends_with(".qzeros");
    group_index = group_index || name.ends_with(".g_idx");
  }
  if (packed && group_index) return "GPTQ";
  if (packed && zeros) return "AWQ";
  return packed ? "GPTQ" : "";
}

}  // namespace mod::checkpoint
