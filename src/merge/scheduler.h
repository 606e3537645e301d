// Hands out the tiles of a plan: tensor after tensor in writing order, pass after pass within a
// tensor, several tensors at a time so that no core waits at the end of a pass. All members are
// thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "merge/executor.h"

namespace mod::merge {

/// One tensor in work. The kernel is null for plain copies.
struct ActiveTensor {
  std::size_t index = 0;
  const PlannedTensor* tensor = nullptr;
  std::unique_ptr<Kernel> kernel;
  std::uint64_t held = 0;  // the kernel's state_bytes() between passes
  std::uint64_t unit = 1, block = kBlockElements, blocks = 0;  // elements, elements, number
  std::uint64_t tile_blocks = 1;
  bool combining = false;  // the last stage
  bool first_pass = true;  // nothing of this tensor was read before
  Visit visit;             // of the current pass
  std::uint64_t next_block = 0, outstanding = 0;
  std::vector<double> squared;  // [input][block]: squared distance of the written values
  TensorReport report;
};

/// Blocks [first_block, first_block + blocks) of one tensor.
struct Tile {
  ActiveTensor* active = nullptr;
  std::uint64_t first_block = 0, blocks = 0;
  bool combining = false;

  std::uint64_t first() const { return first_block * active->block; }
  std::uint64_t count() const;
};

/// What a worker counted in one tile.
struct TileCounts {
  std::vector<std::uint64_t> taken;  // by input
  std::uint64_t nonfinite = 0;
  std::uint64_t differing = 0;  // integers in which some input is unlike the output
};

class Scheduler {
 public:
  Scheduler(const Plan& plan, Sink& sink, const ExecuteOptions& options, const Context& context);
  ~Scheduler();

  /// The next tile, waiting where all tiles of the current passes are in work. Nothing: all done,
  /// or stopped.
  std::optional<Tile> next();
  /// The tile is finished. The worker that finishes a pass closes it; the one that finishes a
  /// tensor hands it to the sink. The counts are added to the tensor's report.
  void done(const Tile& tile, const TileCounts& counts);
  /// Remembers the first error and makes next() return nothing from now on.
  void fail(std::exception_ptr error);
  std::exception_ptr error() const { return error_; }
  /// Keeps the kernel's read-ahead a fixed distance before `tile`.
  void prefetch(const Tile& tile);

  std::vector<TensorReport> take_reports() { return std::move(reports_); }

 private:
  bool open_next();                       // false: none left, or no room
  void open_stage(ActiveTensor& active);  // decides between another pass and combining
  std::optional<Tile> pick();
  void finish_tensor(ActiveTensor& active);

  const Plan& plan_;
  Sink& sink_;
  const ExecuteOptions& options_;
  const Context& context_;
  std::size_t max_active_;
  std::uint64_t state_budget_;
  bool reads_ahead_ = false;  // some input is on a disk

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<ActiveTensor>> active_;
  std::unique_ptr<ActiveTensor> waiting_;  // opened, but its state does not fit yet
  std::size_t next_tensor_ = 0;
  std::size_t closing_ = 0;  // tensors in the sink's hands
  std::exception_ptr error_;
  std::atomic<bool> stopped_{false};
  std::vector<TensorReport> reports_;

  std::mutex ahead_mutex_;
  std::size_t ahead_tensor_ = 0;  // read-ahead has been asked for up to here
  std::uint64_t ahead_element_ = 0;
};

}  // namespace mod::merge
