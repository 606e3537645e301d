// The bridge between whatever holds weights (a checkpoint on disk, a merge plan, base + delta) and
// whatever uses them: "give me tensor X, whole or some of its rows, in this dtype".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/kernels.h"
#include "io/mapping.h"
#include "mod/dtype.h"

namespace mod::weights {

struct WeightInfo {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;  // row-major

  /// The first dimension; 1 for a scalar.
  std::uint64_t rows() const { return shape.empty() ? 1 : static_cast<std::uint64_t>(shape[0]); }
  /// Elements of one row.
  std::uint64_t columns() const;
};

/// Where a tensor's bytes lie on disk: tensors of one type and shape with equal places are the
/// same.
struct StoredAt {
  io::FileId file;
  std::uint64_t offset = 0;

  auto operator<=>(const StoredAt&) const = default;
};

/// Reading is thread-safe. A source outlives its WeightInfo references.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  /// In the order in which reading is cheapest.
  virtual std::span<const WeightInfo> tensors() const = 0;
  /// Null if there is no such tensor.
  virtual const WeightInfo* find(std::string_view name) const = 0;
  /// Rows [first, first + count) as stored; out holds exactly count x columns elements. Throws
  /// Error(kIo, kCorruptFile), and Error(kInternal) for rows that the tensor does not have.
  virtual void read_raw(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                        std::span<std::byte> out) const = 0;

  /// The whole tensor where the source has it in memory or can map it: valid as long as the source.
  /// Empty otherwise: read it.
  virtual std::span<const std::byte> view(const WeightInfo& /*tensor*/) const { return {}; }
  /// Asks for the tensor to be read ahead of its use.
  virtual void will_need(const WeightInfo& /*tensor*/) const {}
  /// Nothing for tensors that are computed.
  virtual std::optional<StoredAt> stored_at(const WeightInfo& /*tensor*/) const {
    return std::nullopt;
  }

  /// The same rows widened to fp32; out holds count x columns floats. Integer tensors throw
  /// Error(kInvalidInput).
  void read_rows(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                 std::span<float> out, const cpu::Kernels& kernels) const;
};

}  // namespace mod::weights
