#include "weights/tensor_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "mod/error.h"

namespace mod::weights {
namespace {

std::uint64_t elements_of(const WeightInfo& tensor) { return tensor.rows() * tensor.columns(); }

/// safetensors headers need not be padded, so a tensor may begin at any byte.
bool is_aligned(std::span<const std::byte> bytes, DType dtype) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % dtype_size(dtype) == 0;
}

/// Reads the tensor into a buffer of its own, converted to `held`.
io::Buffer read_owned(const WeightSource& source, const WeightInfo& tensor, DType held,
                      const Context& context) {
  const std::uint64_t elements = elements_of(tensor);
  io::Buffer out(elements * dtype_size(held));
  if (held == tensor.dtype) {
    source.read_raw(tensor, 0, tensor.rows(), out.span());
    return out;
  }
  if (held == DType::F32) {
    source.read_rows(tensor, 0, tensor.rows(),
                     {reinterpret_cast<float*>(out.data()), static_cast<std::size_t>(elements)},
                     *context.kernels);
    return out;
  }
  constexpr std::uint64_t kChunk = 1 << 18;
  const std::uint64_t columns = std::max<std::uint64_t>(1, tensor.columns());
  const std::uint64_t step = std::max<std::uint64_t>(1, kChunk / columns);
  std::vector<float> wide;
  for (std::uint64_t row = 0; row < tensor.rows(); row += step) {
    const std::uint64_t rows = std::min(step, tensor.rows() - row);
    wide.resize(static_cast<std::size_t>(rows * tensor.columns()));
    source.read_rows(tensor, row, rows, wide, *context.kernels);
    context.kernels->convert.narrow[static_cast<int>(held)](
        wide.data(), out.data() + row * tensor.columns() * dtype_size(held), wide.size());
  }
  return out;
}

}  // namespace

std::optional<DType> held_dtype(DType stored, Form form) {
  if (form == Form::kFloats && is_floating(stored)) return DType::F32;
  switch (stored) {
    case DType::BF16:
    case DType::F16:
    case DType::F32:
      return stored;
    case DType::F64:
      return DType::F32;
    case DType::F8_E4M3:
    case DType::F8_E5M2:
      return DType::BF16;
    default:
      return std::nullopt;
  }
}

TensorPtr TensorStore::find(const WeightSource& source, const WeightInfo& tensor, Form form) {
  const auto at = source.stored_at(tensor);
  const auto dtype = held_dtype(tensor.dtype, form);
  if (!at || !dtype) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = by_place_.find({*at, tensor.dtype, *dtype, tensor.shape});
  return found == by_place_.end() ? nullptr : found->second.lock();
}

TensorPtr TensorStore::load(const std::shared_ptr<const WeightSource>& source,
                            const WeightInfo& tensor, Form form, const Context& context) {
  if (TensorPtr held = find(*source, tensor, form)) return held;
  const auto dtype = held_dtype(tensor.dtype, form);
  if (!dtype) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("tensor {} holds integers ({}), not weights",
                                                      tensor.name, dtype_name(tensor.dtype)));
  }
  auto fresh = std::make_shared<Tensor>();
  fresh->dtype_ = *dtype;
  fresh->shape_ = tensor.shape;
  const std::span<const std::byte> view =
      *dtype == tensor.dtype ? source->view(tensor) : std::span<const std::byte>{};
  if (!view.empty() && is_aligned(view, *dtype)) {
    fresh->bytes_ = view;
    fresh->source_ = source;
  } else {
    fresh->buffer_ = read_owned(*source, tensor, *dtype, context);
    fresh->bytes_ = fresh->buffer_.span();
  }
  TensorPtr equal = same_contents_ ? find_equal(*fresh) : nullptr;
  return keep(source->stored_at(tensor), tensor.dtype, std::move(fresh), std::move(equal));
}

TensorPtr TensorStore::keep(const std::optional<StoredAt>& at, DType stored, TensorPtr fresh,
                            TensorPtr equal) {
  const std::lock_guard lock(mutex_);
  TensorPtr out = equal ? std::move(equal) : fresh;
  if (at) {
    Held& place = by_place_[{*at, stored, fresh->dtype_, fresh->shape_}];
    // Another thread may have been faster.
    if (TensorPtr held = place.lock()) return held;
    place = out;
  }
  if (same_contents_ && out == fresh) by_kind_[kind_of(*out)].push_back(out);
  return out;
}

TensorStore::Kind TensorStore::kind_of(const Tensor& tensor) {
  constexpr std::size_t kBeginning = 64;
  const auto bytes = tensor.bytes_.first(std::min(kBeginning, tensor.bytes_.size()));
  return {tensor.dtype_, tensor.shape_,
          std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
}

TensorPtr TensorStore::find_equal(const Tensor& tensor) {
  std::vector<TensorPtr> candidates;
  {
    const std::lock_guard lock(mutex_);
    std::vector<Held>& held = by_kind_[kind_of(tensor)];
    std::erase_if(held, [](const Held& one) { return one.expired(); });
    for (const Held& one : held) {
      if (TensorPtr other = one.lock()) candidates.push_back(std::move(other));
    }
  }
  for (const TensorPtr& other : candidates) {
    if (std::memcmp(other->bytes_.data(), tensor.bytes_.data(), tensor.bytes_.size()) == 0) {
      return other;
    }
  }
  return nullptr;
}

}  // namespace mod::weights
