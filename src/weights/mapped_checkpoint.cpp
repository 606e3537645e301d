#include "weights/mapped_checkpoint.h"

#include "mod/error.h"

namespace mod::weights {

MappedCheckpoint::MappedCheckpoint(std::shared_ptr<const checkpoint::Checkpoint> checkpoint)
    : checkpoint_(std::move(checkpoint)) {
  for (std::size_t file = 0; file < checkpoint_->files().size(); ++file) {
    mappings_.emplace_back(checkpoint_->file(static_cast<int>(file)));
  }
}

std::span<const std::byte> MappedCheckpoint::view(const checkpoint::TensorInfo& tensor) const {
  const std::span<const std::byte> file = mapping(tensor).bytes();
  if (tensor.offset > file.size() || tensor.bytes > file.size() - tensor.offset) {
    throw Error(ErrorCode::kCorruptFile,
                checkpoint_->files()[static_cast<std::size_t>(tensor.file)].path.string() +
                    ": shorter than when it was opened; is it being written to?");
  }
  return file.subspan(tensor.offset, tensor.bytes);
}

void MappedCheckpoint::will_need(const checkpoint::TensorInfo& tensor) const {
  mapping(tensor).will_need(tensor.offset, tensor.bytes);
}

StoredAt MappedCheckpoint::stored_at(const checkpoint::TensorInfo& tensor) const {
  return StoredAt{mapping(tensor).id(), tensor.offset};
}

}  // namespace mod::weights
