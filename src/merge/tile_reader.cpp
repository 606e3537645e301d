#include "merge/tile_reader.h"

namespace mod::merge {
namespace {

/// Columns of the stored rows and of the output's rows; equal unless an embedding was cropped.
struct Columns {
  std::uint64_t stored, used;
};

Columns columns(const PlannedTensor& tensor, const PlannedInput& input) {
  if (tensor.spec.shape.size() != 2 || input.tensor.shape.size() != 2) return {1, 1};
  return {static_cast<std::uint64_t>(input.tensor.shape[1]),
          static_cast<std::uint64_t>(tensor.spec.shape[1])};
}

}  // namespace

void TileReader::begin(const PlannedTensor& tensor, std::uint64_t first, std::uint64_t count) {
  tensor_ = &tensor;
  first_ = first;
  count_ = count;
  if (raw_.size() < tensor.inputs.size()) {
    raw_.resize(tensor.inputs.size());
    wide_.resize(tensor.inputs.size());
  }
}

std::uint64_t TileReader::read(int i) {
  const PlannedInput& input = tensor_->inputs[i];
  const std::size_t size = dtype_size(input.tensor.dtype);
  const std::uint64_t bytes = count_ * size;
  if (raw_[i].size() < bytes) raw_[i] = io::Buffer(bytes);
  const Columns cols = columns(*tensor_, input);
  if (cols.stored != cols.used) return read_cropped(input, raw_[i].data());
  const auto& weights = *plan_.models[input.model].folder.weights;
  weights.read(input.tensor, first_ * size, {raw_[i].data(), bytes});
  return bytes;
}

std::uint64_t TileReader::read_cropped(const PlannedInput& input, std::byte* out) {
  const auto& weights = *plan_.models[input.model].folder.weights;
  const std::size_t size = dtype_size(input.tensor.dtype);
  const Columns cols = columns(*tensor_, input);
  for (std::uint64_t at = 0; at < count_;) {
    const std::uint64_t row = (first_ + at) / cols.used, column = (first_ + at) % cols.used;
    const std::uint64_t n = std::min(cols.used - column, count_ - at);
    weights.read(input.tensor, (row * cols.stored + column) * size, {out + at * size, n * size});
    at += n;
  }
  return count_ * size;
}

const float* TileReader::widened(int i, std::uint64_t at, std::size_t n) {
  const DType dtype = tensor_->inputs[i].tensor.dtype;
  const std::byte* from = raw_[i].data() + at * dtype_size(dtype);
  if (dtype == DType::F32) return reinterpret_cast<const float*>(from);
  if (wide_[i].size() < n) wide_[i].resize(n);
  kernels_.convert.widen[static_cast<int>(dtype)](from, wide_[i].data(), n);
  return wide_[i].data();
}

void read_ahead(const Plan& plan, const PlannedTensor& tensor, std::uint64_t first,
                std::uint64_t count) {
  for (const PlannedInput& input : tensor.inputs) {
    const std::size_t size = dtype_size(input.tensor.dtype);
    const Columns cols = columns(tensor, input);
    const std::uint64_t begin = first / cols.used * cols.stored;
    const std::uint64_t end = (first + count + cols.used - 1) / cols.used * cols.stored;
    plan.models[input.model]
        .folder.weights->file(input.tensor.file)
        .will_need(input.tensor.offset + begin * size, (end - begin) * size);
  }
}

}  // namespace mod::merge
