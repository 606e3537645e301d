#include "merge/scheduler.h"

#include <algorithm>
#include <cmath>

#include "io/file.h"
#include "merge/tile_reader.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

/// How far the kernel reads ahead of the workers, over all inputs together.
constexpr std::uint64_t kReadAhead = 64ull << 20;

std::uint64_t input_bytes(const PlannedTensor& tensor, std::uint64_t count) {
  std::uint64_t bytes = 0;
  for (const PlannedInput& input : tensor.inputs) bytes += count * dtype_size(input.tensor.dtype);
  return bytes;
}

}  // namespace

std::uint64_t Tile::count() const {
  const std::uint64_t whole =
      std::min(active->tensor->spec.elements - first(), blocks * active->block);
  return combining ? whole : std::min(whole, active->visit.elements);
}

Scheduler::Scheduler(const Plan& plan, Sink& sink, const ExecuteOptions& options,
                     const Context& context)
    : plan_(plan),
      sink_(sink),
      options_(options),
      context_(context),
      max_active_(static_cast<std::size_t>(context.threads) + 1),
      state_budget_(options.state_bytes),
      reports_(plan.tensors.size()) {
  for (const PlanModel& model : plan.models) {
    reads_ahead_ = reads_ahead_ || !io::is_memory_backed(model.folder.path);
  }
}

Scheduler::~Scheduler() = default;

bool Scheduler::open_next() {
  if (!waiting_) {
    while (next_tensor_ < plan_.tensors.size() && next_tensor_ < options_.skip.size() &&
           options_.skip[next_tensor_]) {
      ++next_tensor_;
    }
    if (next_tensor_ == plan_.tensors.size()) return false;
    auto active = std::make_unique<ActiveTensor>();
    active->index = next_tensor_++;
    active->tensor = &plan_.tensors[active->index];
    const PlannedTensor& tensor = *active->tensor;
    if (tensor.method) active->kernel = tensor.method->make(tensor.spec, *context_.kernels);
    if (active->kernel) active->held = active->kernel->state_bytes();
    active->unit = active->kernel ? active->kernel->unit() : 1;
    active->block = block_elements(active->unit);
    active->blocks = (tensor.spec.elements + active->block - 1) / active->block;
    active->tile_blocks = std::max<std::uint64_t>(1, options_.tile_elements / active->block);
    active->report.taken.assign(tensor.inputs.size(), 0);
    active->squared.assign(options_.distances ? tensor.inputs.size() * active->blocks : 0, 0.0);
    waiting_ = std::move(active);
  }
  std::uint64_t held = waiting_->held;
  for (const auto& a : active_) held += a->held;
  if (!active_.empty() && held > state_budget_) return false;
  open_stage(*waiting_);
  active_.push_back(std::move(waiting_));
  return true;
}

void Scheduler::open_stage(ActiveTensor& active) {
  active.combining = !(active.kernel && active.kernel->wants_pass());
  active.visit = active.combining ? Visit{} : active.kernel->visit();
  active.next_block = active.visit.first;
  if (active.combining) return;
  active.kernel->begin_pass(active.blocks);
}

std::optional<Tile> Scheduler::pick() {
  for (const auto& a : active_) {
    if (a->next_block >= a->blocks) continue;
    Tile tile{a.get(), a->next_block, 1, a->combining};
    const std::uint64_t stride = a->visit.stride;
    if (stride == 1) tile.blocks = std::min(a->tile_blocks, a->blocks - a->next_block);
    a->next_block += stride == 1 ? tile.blocks : stride;
    ++a->outstanding;
    return tile;
  }
  return std::nullopt;
}

std::optional<Tile> Scheduler::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_) return std::nullopt;
    if (auto tile = pick()) return tile;
    if (active_.size() + closing_ < max_active_ && open_next()) {
      // A tensor without elements has no tiles: it is finished as soon as it is open.
      if (active_.back()->blocks == 0) {
        auto empty = std::move(active_.back());
        active_.pop_back();
        finish_tensor(*empty);
      }
      continue;
    }
    if (active_.empty() && !waiting_ && next_tensor_ == plan_.tensors.size()) return std::nullopt;
    changed_.wait(lock);
  }
}

void Scheduler::done(const Tile& tile, const TileCounts& counts) {
  std::unique_lock lock(mutex_);
  ActiveTensor& active = *tile.active;
  for (std::size_t i = 0; i < counts.taken.size(); ++i) active.report.taken[i] += counts.taken[i];
  active.report.nonfinite += counts.nonfinite;
  active.report.differing += counts.differing;
  if (--active.outstanding > 0 || active.next_block < active.blocks) return;
  if (!active.combining) {
    // No other worker can hold a tile of this tensor now, and pick() finds none: safe without the
    // lock.
    lock.unlock();
    active.kernel->end_pass();
    const std::uint64_t held = active.kernel->state_bytes();
    lock.lock();
    active.held = held;
    active.first_pass = active.first_pass && active.visit.stride != 1;
    open_stage(active);
    changed_.notify_all();
    return;
  }
  auto it = std::find_if(active_.begin(), active_.end(),
                         [&](const auto& a) { return a.get() == &active; });
  auto owned = std::move(*it);
  active_.erase(it);
  ++closing_;
  changed_.notify_all();
  lock.unlock();
  finish_tensor(*owned);
  lock.lock();
  --closing_;
  changed_.notify_all();
}

void Scheduler::finish_tensor(ActiveTensor& active) {
  TensorReport& report = active.report;
  if (active.kernel) report.facts = active.kernel->facts();
  if (options_.distances && is_floating(active.tensor->dtype)) {
    for (std::size_t i = 0; i < active.tensor->inputs.size(); ++i) {
      double sum = 0;  // in block order: independent of threads and tiles
      for (std::uint64_t b = 0; b < active.blocks; ++b)
        sum += active.squared[i * active.blocks + b];
      report.distance.push_back(std::sqrt(sum));
    }
  }
  sink_.tensor_done(active.index, report);
  report.done = true;
  reports_[active.index] = std::move(report);
}

void Scheduler::fail(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  stopped_ = true;
  for (const auto& a : active_) {
    if (a->kernel) a->kernel->abort();
  }
  changed_.notify_all();
}

void Scheduler::prefetch(const Tile& tile) {
  if (!reads_ahead_ || !tile.active->first_pass || tile.active->visit.stride != 1) return;
  std::unique_lock lock(ahead_mutex_, std::try_to_lock);
  if (!lock) return;
  // The cursor never falls behind the tile that is being read.
  if (ahead_tensor_ < tile.active->index ||
      (ahead_tensor_ == tile.active->index && ahead_element_ < tile.first())) {
    ahead_tensor_ = tile.active->index;
    ahead_element_ = tile.first();
  }
  std::uint64_t ahead = 0;
  std::size_t t = tile.active->index;
  std::uint64_t e = tile.first();
  // Distance from the tile to the cursor, then on to kReadAhead.
  while (ahead < kReadAhead && t < plan_.tensors.size()) {
    const PlannedTensor& tensor = plan_.tensors[t];
    const std::uint64_t n = std::min(options_.tile_elements, tensor.spec.elements - e);
    const bool behind = t < ahead_tensor_ || (t == ahead_tensor_ && e < ahead_element_);
    if (!behind && n > 0) {
      read_ahead(plan_, tensor, e, n);
      ahead_tensor_ = t;
      ahead_element_ = e + n;
    }
    ahead += input_bytes(tensor, n);
    e += n;
    if (e >= tensor.spec.elements) {
      ++t;
      e = 0;
    }
  }
}

}  // namespace mod::merge
