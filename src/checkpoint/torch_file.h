// One PyTorch .bin file (torch.save of a state dict, ZIP format): where its tensors lie.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "checkpoint/zip_directory.h"

namespace mod::checkpoint {

struct TorchFile {
  std::vector<TensorInfo> tensors;   // `file` is 0; by offset, then name
  std::vector<std::string> skipped;  // keys whose values are no tensors
  std::string pickle;                // the bytes of data.pkl
};

/// Throws Error(kCorruptFile); Error(kUnsupported) for the format before PyTorch 1.6, for strided
/// tensors, and for whatever the restricted unpickler refuses.
TorchFile read_torch_file(const ByteSource& source, const std::string& where);

}  // namespace mod::checkpoint
