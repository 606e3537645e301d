// A model folder as a weight source for running: its files are mapped, and its tensors have the
// names of the architecture (aliases resolved, fused experts as one tensor an expert).
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "arch/architecture.h"
#include "checkpoint/model_folder.h"
#include "weights/mapped_checkpoint.h"
#include "weights/weight_source.h"

namespace mod::weights {

class FolderSource : public WeightSource {
 public:
  /// Problems as arch::TensorMap; throws Error(kIo) where a file cannot be mapped.
  FolderSource(const checkpoint::ModelFolder& model, const arch::Architecture& architecture,
               Problems& problems);

  std::span<const WeightInfo> tensors() const override { return infos_; }
  const WeightInfo* find(std::string_view name) const override;
  void read_raw(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                std::span<std::byte> out) const override;
  std::span<const std::byte> view(const WeightInfo& tensor) const override;
  void will_need(const WeightInfo& tensor) const override;
  std::optional<StoredAt> stored_at(const WeightInfo& tensor) const override;

  /// Stored tensors that the architecture has no name for.
  const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  const checkpoint::TensorInfo& stored(const WeightInfo& tensor) const;

  MappedCheckpoint files_;
  std::vector<WeightInfo> infos_;               // by file and offset
  std::vector<checkpoint::TensorInfo> stored_;  // of infos_
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<std::string> unknown_;
};

}  // namespace mod::weights
