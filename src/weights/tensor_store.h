// Tensors in memory, each held once: models that name the same bytes of the same file share them,
// and on request those that hold equal contents. Mapped where the source can, else owned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cpu/context.h"
#include "io/buffer.h"
#include "weights/weight_source.h"

namespace mod::weights {

/// Never changes. Two models share a weight if and only if they hold the same Tensor.
class Tensor {
 public:
  DType dtype() const { return dtype_; }  // BF16, F16 or F32
  const std::vector<std::int64_t>& shape() const { return shape_; }
  /// Row-major, aligned for its element.
  std::span<const std::byte> bytes() const { return bytes_; }
  bool is_mapped() const { return source_ != nullptr; }

 private:
  friend class TensorStore;
  DType dtype_ = DType::F32;
  std::vector<std::int64_t> shape_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const WeightSource> source_;  // where it is mapped
  io::Buffer buffer_;                           // where it is owned
};

using TensorPtr = std::shared_ptr<const Tensor>;

/// How a tensor is held: as it is stored, as far as there are kernels for that type, or as fp32.
enum class Form { kStored, kFloats };

/// The type in which a stored type is held: F64 becomes F32, and F8 becomes BF16 exactly. Integers
/// are held in no type.
std::optional<DType> held_dtype(DType stored, Form form);

/// Thread-safe. Tensors live as long as somebody holds them, with or without the store.
class TensorStore {
 public:
  /// `same_contents`: compare every new tensor with those of the same type, shape and beginning and
  /// hold equal ones once. This costs a read of what is shared, and one page of what is not.
  explicit TensorStore(bool same_contents = false) : same_contents_(same_contents) {}

  /// The tensor of `source`: one that is held already, else mapped or read. Integers throw
  /// Error(kInvalidInput). Throws as the source reads, and Error(kOutOfMemory).
  TensorPtr load(const std::shared_ptr<const WeightSource>& source, const WeightInfo& tensor,
                 Form form, const Context& context);

  /// The tensor if it is held already, known by its place on disk.
  TensorPtr find(const WeightSource& source, const WeightInfo& tensor, Form form);

 private:
  using Held = std::weak_ptr<const Tensor>;
  struct Place {
    StoredAt at;
    DType stored, held;
    std::vector<std::int64_t> shape;
    auto operator<=>(const Place&) const = default;
  };
  struct Kind {
    DType dtype;
    std::vector<std::int64_t> shape;
    std::string beginning;  // a few bytes: a model may have thousands of tensors of one shape
    auto operator<=>(const Kind&) const = default;
  };

  static Kind kind_of(const Tensor& tensor);
  TensorPtr find_equal(const Tensor& tensor);
  TensorPtr keep(const std::optional<StoredAt>& at, DType stored, TensorPtr fresh, TensorPtr equal);

  const bool same_contents_;
  std::mutex mutex_;
  std::map<Place, Held> by_place_;
  std::map<Kind, std::vector<Held>> by_kind_;  // only with same_contents_
};

}  // namespace mod::weights
