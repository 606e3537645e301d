#include "weights/folder_source.h"

#include <algorithm>
#include <tuple>

#include "arch/tensor_map.h"
#include "mod/error.h"

namespace mod::weights {

using checkpoint::TensorInfo;

FolderSource::FolderSource(const checkpoint::ModelFolder& model,
                           const arch::Architecture& architecture, Problems& problems)
    : files_(model.weights) {
  const arch::TensorMap map(architecture, model, model.path.string(), {}, problems);
  for (const TensorInfo& tensor : map.unknown()) unknown_.push_back(tensor.name);
  std::vector<std::pair<std::string_view, const TensorInfo*>> order;
  order.reserve(map.all().size());
  for (const auto& [name, tensor] : map.all()) order.emplace_back(name, &tensor);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second->file, a.second->offset, a.first) <
           std::tie(b.second->file, b.second->offset, b.first);
  });
  infos_.reserve(order.size());
  stored_.reserve(order.size());
  for (const auto& [name, tensor] : order) {
    infos_.push_back({std::string(name), tensor->dtype, tensor->shape});
    stored_.push_back(*tensor);
    by_name_.emplace(infos_.back().name, infos_.size() - 1);
  }
}

const WeightInfo* FolderSource::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &infos_[found->second];
}

const TensorInfo& FolderSource::stored(const WeightInfo& tensor) const {
  const auto found = by_name_.find(tensor.name);
  if (found == by_name_.end()) {
    throw Error(ErrorCode::kInternal, "a tensor of another source: " + tensor.name);
  }
  return stored_[found->second];
}

void FolderSource::read_raw(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                            std::span<std::byte> out) const {
  const std::uint64_t row_bytes = tensor.columns() * dtype_size(tensor.dtype);
  if (first > tensor.rows() || count > tensor.rows() - first || out.size() != count * row_bytes) {
    throw Error(ErrorCode::kInternal, "rows outside of tensor " + tensor.name);
  }
  if (!out.empty()) files_.checkpoint().read(stored(tensor), first * row_bytes, out);
}

std::span<const std::byte> FolderSource::view(const WeightInfo& tensor) const {
  return files_.view(stored(tensor));
}

void FolderSource::will_need(const WeightInfo& tensor) const { files_.will_need(stored(tensor)); }

std::optional<StoredAt> FolderSource::stored_at(const WeightInfo& tensor) const {
  return files_.stored_at(stored(tensor));
}

}  // namespace mod::weights
