// Formats whose tensors are codes rather than weights: found by the names of their tensors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace mod::checkpoint {

/// "GPTQ", "AWQ", "bitsandbytes", or "" for plain weights. FP8 with scale tensors is not among
/// them: its weights can be read, and what the scales mean is decided where they are used.
std::string_view quantised_format(const std::vector<TensorInfo>& tensors);

}  // namespace mod::checkpoint
