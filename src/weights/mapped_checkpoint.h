// The files of a checkpoint, mapped: its tensors as bytes in memory that nobody copied.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "io/mapping.h"
#include "weights/weight_source.h"

namespace mod::weights {

/// Thread-safe. Tensors are those of the checkpoint, or runs of rows of them.
class MappedCheckpoint {
 public:
  /// Throws Error(kIo) where a file cannot be mapped.
  explicit MappedCheckpoint(std::shared_ptr<const checkpoint::Checkpoint> checkpoint);

  const checkpoint::Checkpoint& checkpoint() const { return *checkpoint_; }
  /// Throws Error(kCorruptFile) where the file shrank since its header was read.
  std::span<const std::byte> view(const checkpoint::TensorInfo& tensor) const;
  void will_need(const checkpoint::TensorInfo& tensor) const;
  StoredAt stored_at(const checkpoint::TensorInfo& tensor) const;

 private:
  const io::Mapping& mapping(const checkpoint::TensorInfo& tensor) const {
    return mappings_[static_cast<std::size_t>(tensor.file)];
  }

  std::shared_ptr<const checkpoint::Checkpoint> checkpoint_;
  std::vector<io::Mapping> mappings_;  // one a file
};

}  // namespace mod::weights
