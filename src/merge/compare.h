// How two checkpoints differ, tensor by tensor, streamed in memory that does not depend on their
// size. Values are compared, not types: a tensor stored in two types that hold the same values is
// equal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "checkpoint/checkpoint.h"
#include "cpu/context.h"

namespace mod::merge {

enum class DiffStatus { kEqual, kDiffers, kOnlyA, kOnlyB, kShape };

/// "equal", "differs", "only_a", "only_b", "shape".
std::string_view diff_status_name(DiffStatus status);

/// The numbers are filled for kEqual and kDiffers. Two elements are the same if they have the same
/// value and sign; every NaN is the same as every other.
struct TensorDiff {
  std::string name;
  DiffStatus status = DiffStatus::kEqual;
  const checkpoint::TensorInfo* a = nullptr;  // null for kOnlyB; owned by the checkpoint
  const checkpoint::TensorInfo* b = nullptr;  // null for kOnlyA
  std::uint64_t different = 0;                // elements that are not the same
  std::uint64_t nonfinite = 0;  // of these, the ones with a NaN or infinity on one side or both
  double max_abs = 0;           // max |a-b|; infinity where nonfinite > 0
  double max_rel = 0;           // max |a-b| / max(|a|,|b|), both finite, not both zero: 0 .. 2
  double cosine = 1;  // over the elements finite on both sides; 0 where one side is all zero
  double share = 0;   // different / elements

  /// "BF16 and F32" where the types differ, else "".
  std::string note() const;
};

/// In the order of `a`, then what only `b` has in the order of `b`. `progress` (may be null) is
/// told the bytes read. Throws Error(kIo, kCorruptFile, kCancelled).
std::vector<TensorDiff> compare(const checkpoint::Checkpoint& a, const checkpoint::Checkpoint& b,
                                const Context& context, Progress* progress);

/// Bytes that compare() reads from both.
std::uint64_t compared_bytes(const checkpoint::Checkpoint& a, const checkpoint::Checkpoint& b);

}  // namespace mod::merge
