// A plan as a weight source: its tensors are merged in memory, by the executor that also writes
// them to disk, so the bytes are those of the written checkpoint.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cpu/context.h"
#include "io/buffer.h"
#include "merge/plan.h"
#include "weights/mapped_checkpoint.h"
#include "weights/weight_source.h"

namespace mod::merge {

/// Tensors that the plan copies unchanged are mapped from its inputs and stored where they are
/// stored there. All others are merged together, with Context::threads workers and a progress bar,
/// when the first of them is looked at: those that will_need() was called for (and this one); later
/// ones on their own. Merged tensors stay in memory as long as the source.
class PlanSource : public weights::WeightSource {
 public:
  /// `name` is for the progress bar. `memory`: most bytes beside the merged tensors. Reads no
  /// weights. Throws Error(kInvalidInput) where `memory` is too small, kIo.
  PlanSource(Plan plan, std::string name, std::uint64_t memory, const Context& context);

  std::span<const weights::WeightInfo> tensors() const override { return infos_; }
  const weights::WeightInfo* find(std::string_view name) const override;
  /// These two also throw as execute(): kCancelled, kIo, kOutOfMemory. A merge that failed is not
  /// tried again.
  void read_raw(const weights::WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                std::span<std::byte> out) const override;
  std::span<const std::byte> view(const weights::WeightInfo& tensor) const override;
  void will_need(const weights::WeightInfo& tensor) const override;
  std::optional<weights::StoredAt> stored_at(const weights::WeightInfo& tensor) const override;

  const Plan& plan() const { return plan_; }
  /// Bytes of the tensors that are merged, not mapped.
  std::uint64_t merged_bytes() const;

 private:
  struct Held {
    io::Buffer bytes;
    bool wanted = false, done = false;
  };

  std::size_t index_of(const weights::WeightInfo& tensor) const;
  /// The files that tensor `index` is mapped from; null for a merged one.
  const weights::MappedCheckpoint* mapped(std::size_t index) const;
  std::span<const std::byte> merged(std::size_t index) const;
  void merge_wanted() const;

  const Plan plan_;
  const std::string name_;
  const std::uint64_t memory_;
  const Context context_;
  std::vector<weights::WeightInfo> infos_;  // of plan_.tensors
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<char> copied_;                                           // by tensor
  std::vector<std::optional<weights::MappedCheckpoint>> checkpoints_;  // by model, where needed

  mutable std::mutex mutex_;
  mutable std::vector<Held> held_;  // by tensor
  mutable std::exception_ptr failure_;
};

}  // namespace mod::merge
