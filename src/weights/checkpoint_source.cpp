#include "weights/checkpoint_source.h"

#include "mod/error.h"

namespace mod::weights {

CheckpointSource::CheckpointSource(std::shared_ptr<const checkpoint::Checkpoint> checkpoint)
    : checkpoint_(std::move(checkpoint)) {
  for (const checkpoint::TensorInfo& t : checkpoint_->tensors()) {
    by_name_.emplace(t.name, infos_.size());
    infos_.push_back({t.name, t.dtype, t.shape});
  }
}

const WeightInfo* CheckpointSource::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &infos_[found->second];
}

void CheckpointSource::read_raw(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                                std::span<std::byte> out) const {
  const checkpoint::TensorInfo* stored = checkpoint_->find(tensor.name);
  const std::uint64_t row_bytes = tensor.columns() * dtype_size(tensor.dtype);
  if (!stored || first > tensor.rows() || count > tensor.rows() - first ||
      out.size() != count * row_bytes) {
    throw Error(ErrorCode::kInternal, "rows outside of tensor " + tensor.name);
  }
  if (!out.empty()) checkpoint_->read(*stored, first * row_bytes, out);
}

}  // namespace mod::weights
