#include "nn/kv_cache.h"

#include <algorithm>
#include <cstring>

#include "mod/error.h"

namespace mod::nn {
namespace {

/// Capacities are multiples of this many positions.
constexpr std::size_t kGrain = 64;

std::size_t rounded(std::size_t positions) { return (positions + kGrain - 1) / kGrain * kGrain; }

}  // namespace

KvCache::KvCache(const Shape& shape, DType dtype)
    : shape_(shape), dtype_(dtype), layers_(shape.layers) {
  if (dtype != DType::F32 && dtype != DType::BF16) {
    throw Error(ErrorCode::kInternal, "a cache of keys and values is F32 or BF16");
  }
}

std::size_t KvCache::head_bytes(std::size_t positions) const {
  return positions * shape_.head_dim * dtype_size(dtype_);
}

std::uint64_t KvCache::bytes_per_position() const {
  return 2ull * shape_.layers * shape_.heads * shape_.head_dim * dtype_size(dtype_);
}

std::uint64_t KvCache::bytes() const { return bytes_per_position() * capacity_; }

void KvCache::reserve(std::size_t positions, std::size_t most, std::size_t kept) {
  if (positions <= capacity_) return;
  const std::size_t wanted = std::max(rounded(positions), std::min(2 * capacity_, rounded(most)));
  for (Layer& layer : layers_) {
    if (layer.capacity >= wanted) continue;  // an earlier call ran out of memory half way
    Layer fresh{io::Buffer(2 * shape_.heads * head_bytes(wanted)), wanted};
    for (std::size_t head = 0; kept > 0 && head < 2 * shape_.heads; ++head) {
      std::memcpy(fresh.buffer.data() + head * head_bytes(wanted),
                  layer.buffer.data() + head * head_bytes(layer.capacity), head_bytes(kept));
    }
    layer = std::move(fresh);
  }
  capacity_ = wanted;
}

void KvCache::write(std::size_t layer, std::size_t position, const float* keys, const float* values,
                    const cpu::Kernels& kernels) {
  Layer& to = layers_[layer];
  const std::size_t stride = head_bytes(to.capacity);
  std::byte* at = to.buffer.data() + head_bytes(position);
  for (const float* from : {keys, values}) {
    for (std::size_t head = 0; head < shape_.heads; ++head, at += stride, from += shape_.head_dim) {
      if (dtype_ == DType::F32) {
        std::memcpy(at, from, head_bytes(1));
      } else {
        kernels.convert.narrow[static_cast<int>(dtype_)](from, at, shape_.head_dim);
      }
    }
  }
}

void KvCache::copy(const KvCache& other, std::size_t positions) {
  for (std::size_t layer = 0; positions > 0 && layer < layers_.size(); ++layer) {
    Layer& to = layers_[layer];
    const Layer& from = other.layers_[layer];
    for (std::size_t head = 0; head < 2 * shape_.heads; ++head) {
      std::memcpy(to.buffer.data() + head * head_bytes(to.capacity),
                  from.buffer.data() + head * head_bytes(from.capacity), head_bytes(positions));
    }
  }
}

KvView KvCache::view(std::size_t layer, std::size_t length) const {
  const Layer& from = layers_[layer];
  const std::byte* keys = from.buffer.data();
  return {.k = keys,
          .v = keys + shape_.heads * head_bytes(from.capacity),
          .dtype = dtype_,
          .capacity = from.capacity,
          .length = length};
}

}  // namespace mod::nn
