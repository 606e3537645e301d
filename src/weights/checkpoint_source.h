// A checkpoint on disk as a weight source: tensors under their stored names.
#pragma once

#include <memory>
#include <unordered_map>

#include "checkpoint/checkpoint.h"
#include "weights/weight_source.h"

namespace mod::weights {

class CheckpointSource : public WeightSource {
 public:
  explicit CheckpointSource(std::shared_ptr<const checkpoint::Checkpoint> checkpoint);

  std::span<const WeightInfo> tensors() const override { return infos_; }
  const WeightInfo* find(std::string_view name) const override;
  void read_raw(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                std::span<std::byte> out) const override;

 private:
  std::shared_ptr<const checkpoint::Checkpoint> checkpoint_;
  std::vector<WeightInfo> infos_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace mod::weights
