// Reads the state dict out of a pickle written by torch.save without running anything. A pickle is
// a program; this reader knows the instructions that build plain data (protocol 2 as torch writes
// it, and their short forms from protocols 3 and 4) and four callables, which it takes as
// descriptions instead of calling them:
//   collections.OrderedDict, torch._utils._rebuild_tensor_v2, torch._utils._rebuild_parameter,
//   torch.*Storage
// Any other name is refused before anything is done with it. Steps, values and nesting are bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mod/dtype.h"

namespace mod::checkpoint {

inline constexpr std::uint64_t kMaxPickleBytes = std::uint64_t{32} << 20;

/// A tensor as the pickle describes it; nothing but ranges of numbers is checked yet.
struct PickledTensor {
  std::string name;
  DType dtype = DType::F32;  // of the storage
  std::string storage;       // key: the entry "data/KEY" of the archive
  std::uint64_t storage_elements = 0;
  std::uint64_t offset = 0;                 // first element in the storage
  std::vector<std::int64_t> shape, stride;  // same length; stride in elements
};

struct PickledState {
  std::vector<PickledTensor> tensors;  // in the order of the dict
  std::vector<std::string> skipped;    // keys whose values are no tensors
};

/// A dict under a top-level key `state_dict` is taken in place of the whole. Throws
/// Error(kCorruptFile), Error(kUnsupported) for names that are not on the list
/// ("refused: global posix.system") and for instructions outside the set.
PickledState unpickle_state_dict(std::string_view pickle, const std::string& where);

}  // namespace mod::checkpoint
