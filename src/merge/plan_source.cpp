#include "merge/plan_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/progress.h"
#include "base/text.h"
#include "merge/budget.h"
#include "merge/executor.h"
#include "merge/memory_sink.h"
#include "merge/output/report.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

using weights::WeightInfo;

/// The output's bytes are the input's: not merged, converted or cropped.
bool is_plain_copy(const PlannedTensor& tensor) {
  if (tensor.method || tensor.inputs.empty()) return false;
  const checkpoint::TensorInfo& input = tensor.inputs.front().tensor;
  return input.dtype == tensor.dtype && input.shape == tensor.spec.shape;
}

/// What the executor reads and hands over for a tensor.
std::uint64_t work_bytes(const PlannedTensor& tensor) {
  std::uint64_t bytes = tensor.bytes;
  const int passes = tensor.method ? std::max(1, tensor.method->passes) : 1;
  for (const PlannedInput& input : tensor.inputs) {
    bytes +=
        static_cast<std::uint64_t>(passes) * tensor.spec.elements * dtype_size(input.tensor.dtype);
  }
  return bytes;
}

/// Tensors that were not merged now count as taken from their first input.
void log_warnings(const Plan& plan, std::vector<TensorReport> reports, Log& log) {
  for (std::size_t t = 0; t < reports.size(); ++t) {
    if (reports[t].done) continue;
    reports[t].taken.assign(plan.tensors[t].inputs.size(), 0);
    if (!reports[t].taken.empty()) reports[t].taken.front() = plan.tensors[t].spec.elements;
  }
  const Totals totals = total(plan, reports);
  for (const std::string& text : report_warnings(plan, totals)) log.warn(text);
  if (totals.nonfinite == 0) return;
  log.warn(
      fmt::format("{} elements of the merged weights are NaN or infinite; `mod merge` writes "
                  "a report that says in which tensors",
                  count_text(totals.nonfinite)));
}

}  // namespace

PlanSource::PlanSource(Plan plan, std::string name, std::uint64_t memory, const Context& context)
    : plan_(std::move(plan)),
      name_(std::move(name)),
      memory_(memory),
      context_(context),
      checkpoints_(plan_.models.size()),
      held_(plan_.tensors.size()) {
  make_budget(plan_, memory_, context_);  // throws now rather than at the first look
  infos_.reserve(plan_.tensors.size());
  for (const PlannedTensor& tensor : plan_.tensors) {
    infos_.push_back({tensor.name, tensor.dtype, tensor.spec.shape});
    by_name_.emplace(infos_.back().name, infos_.size() - 1);
    copied_.push_back(is_plain_copy(tensor));
    if (!copied_.back()) continue;
    const auto model = static_cast<std::size_t>(tensor.inputs.front().model);
    if (!checkpoints_[model]) checkpoints_[model].emplace(plan_.models[model].folder.weights);
  }
}

const WeightInfo* PlanSource::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &infos_[found->second];
}

std::size_t PlanSource::index_of(const WeightInfo& tensor) const {
  const auto found = by_name_.find(tensor.name);
  if (found != by_name_.end()) return found->second;
  throw Error(ErrorCode::kInternal, "a tensor of another source: " + tensor.name);
}

const weights::MappedCheckpoint* PlanSource::mapped(std::size_t index) const {
  if (!copied_[index]) return nullptr;
  const int model = plan_.tensors[index].inputs.front().model;
  return &*checkpoints_[static_cast<std::size_t>(model)];
}

void PlanSource::read_raw(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                          std::span<std::byte> out) const {
  const std::uint64_t row_bytes = tensor.columns() * dtype_size(tensor.dtype);
  if (first > tensor.rows() || count > tensor.rows() - first || out.size() != count * row_bytes) {
    throw Error(ErrorCode::kInternal, "rows outside of tensor " + tensor.name);
  }
  if (out.empty()) return;
  const std::size_t index = index_of(tensor);
  if (const weights::MappedCheckpoint* files = mapped(index)) {
    files->checkpoint().read(plan_.tensors[index].inputs.front().tensor, first * row_bytes, out);
  } else {
    std::memcpy(out.data(), merged(index).subspan(first * row_bytes).data(), out.size());
  }
}

std::span<const std::byte> PlanSource::view(const WeightInfo& tensor) const {
  const std::size_t index = index_of(tensor);
  const weights::MappedCheckpoint* files = mapped(index);
  return files ? files->view(plan_.tensors[index].inputs.front().tensor) : merged(index);
}

void PlanSource::will_need(const WeightInfo& tensor) const {
  const std::size_t index = index_of(tensor);
  if (const weights::MappedCheckpoint* files = mapped(index)) {
    return files->will_need(plan_.tensors[index].inputs.front().tensor);
  }
  const std::lock_guard lock(mutex_);
  held_[index].wanted = true;
}

std::optional<weights::StoredAt> PlanSource::stored_at(const WeightInfo& tensor) const {
  const std::size_t index = index_of(tensor);
  const weights::MappedCheckpoint* files = mapped(index);
  if (!files) return std::nullopt;
  return files->stored_at(plan_.tensors[index].inputs.front().tensor);
}

std::uint64_t PlanSource::merged_bytes() const {
  std::uint64_t sum = 0;
  for (std::size_t t = 0; t < copied_.size(); ++t) sum += copied_[t] ? 0 : plan_.tensors[t].bytes;
  return sum;
}

std::span<const std::byte> PlanSource::merged(std::size_t index) const {
  const std::lock_guard lock(mutex_);  // others wait here for the merge that one of them started
  if (!held_[index].done) {
    if (failure_) std::rethrow_exception(failure_);
    held_[index].wanted = true;
    try {
      merge_wanted();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }
  return std::as_bytes(held_[index].bytes.span());
}

void PlanSource::merge_wanted() const {
  std::vector<std::span<std::byte>> places(held_.size());
  ExecuteOptions options;
  options.distances = false;
  options.skip.assign(held_.size(), true);
  std::uint64_t work = 0;
  for (std::size_t t = 0; t < held_.size(); ++t) {
    if (!held_[t].wanted || held_[t].done) continue;
    options.skip[t] = false;
    held_[t].bytes = io::Buffer(plan_.tensors[t].bytes);
    places[t] = held_[t].bytes.span();
    work += work_bytes(plan_.tensors[t]);
  }
  const Budget budget = make_budget(plan_, memory_, context_);
  options.tile_elements = budget.tile_elements;
  options.state_bytes = budget.state_bytes;
  Context context = context_;
  context.threads = budget.workers;
  MemorySink sink(std::move(places));
  std::vector<TensorReport> reports;
  {
    Progress progress(*context.log, "merging " + name_, work);
    reports = execute(plan_, sink, options, context, &progress);
  }
  for (std::size_t t = 0; t < held_.size(); ++t) {
    if (!options.skip[t]) held_[t].done = true;
  }
  log_warnings(plan_, std::move(reports), *context.log);
}

}  // namespace mod::merge
