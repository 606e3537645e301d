#include "merge/executor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "merge/scheduler.h"
#include "merge/tile_reader.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

/// Elements that are in work at once: inputs, output and scratch of a method stay in the
/// first-level cache (1024 x 4 bytes x about 6).
constexpr std::uint64_t kChunkElements = 1024;

std::uint64_t chunk_elements(std::uint64_t unit) {
  return unit >= kChunkElements ? unit : kChunkElements / unit * unit;
}

/// One worker: takes tiles until there are none, with buffers of its own.
class Worker {
 public:
  Worker(const Plan& plan, Sink& sink, const ExecuteOptions& options, const Context& context,
         Scheduler& scheduler, Progress* progress)
      : sink_(sink),
        options_(options),
        context_(context),
        kernels_(*context.kernels),
        scheduler_(scheduler),
        progress_(progress),
        reader_(plan, kernels_) {}

  void run() {
    try {
      while (auto tile = scheduler_.next()) {
        if (context_.stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by the user");
        scheduler_.prefetch(*tile);
        process(*tile);
      }
    } catch (...) {
      scheduler_.fail(std::current_exception());
    }
  }

 private:
  void process(const Tile& tile) {
    const ActiveTensor& active = *tile.active;
    counts_ = {std::vector<std::uint64_t>(active.tensor->inputs.size(), 0)};
    pointers_.assign(active.tensor->inputs.size(), nullptr);
    if (tile.combining) {
      combine(tile);
    } else {
      accumulate(tile);
    }
    scheduler_.done(tile, counts_);
  }

  void read_inputs(const Tile& tile, bool only_wanted) {
    const ActiveTensor& active = *tile.active;
    reader_.begin(*active.tensor, tile.first(), tile.count());
    std::uint64_t bytes = 0;
    wanted_.assign(active.tensor->inputs.size(), true);
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (only_wanted) wanted_[i] = active.kernel->reads_input(static_cast<int>(i));
      if (wanted_[i]) bytes += reader_.read(static_cast<int>(i));
    }
    if (progress_) progress_->add(bytes);
  }

  /// Calls f(chunk) for the chunks of the tile, in order; a chunk never crosses a block.
  template <typename F>
  void for_chunks(const Tile& tile, F&& f) {
    const ActiveTensor& active = *tile.active;
    const std::uint64_t step = chunk_elements(active.unit);
    for (std::uint64_t at = 0; at < tile.count();) {
      const std::uint64_t block = tile.first_block + at / active.block;
      const std::uint64_t block_end = (block - tile.first_block + 1) * active.block;
      const std::uint64_t n = std::min({step, block_end - at, tile.count() - at});
      for (std::size_t i = 0; i < pointers_.size(); ++i) {
        pointers_[i] = wanted_[i] && is_floating(active.tensor->inputs[i].tensor.dtype)
                           ? reader_.widened(static_cast<int>(i), at, n)
                           : nullptr;
      }
      scratch_.reset();
      Chunk chunk;
      chunk.first = tile.first() + at;
      chunk.count = n;
      chunk.inputs = pointers_;
      chunk.block = block;
      chunk.kernels = &kernels_;
      chunk.scratch = &scratch_;
      f(chunk, at);
      at += n;
    }
  }

  void accumulate(const Tile& tile) {
    read_inputs(tile, true);
    for_chunks(tile,
               [&](const Chunk& chunk, std::uint64_t) { tile.active->kernel->accumulate(chunk); });
  }

  void combine(const Tile& tile) {
    const PlannedTensor& tensor = *tile.active->tensor;
    read_inputs(tile, false);
    const std::uint64_t bytes = tile.count() * dtype_size(tensor.dtype);
    const bool verbatim = !tensor.method && tensor.inputs[0].tensor.dtype == tensor.dtype;
    if (verbatim) {
      copy(tile);
    } else {
      merge(tile, bytes);
    }
    io::Buffer& out = verbatim ? reader_.buffer(0) : out_;
    sink_.write(tile.active->index, tile.first() * dtype_size(tensor.dtype), out, bytes);
    if (progress_) progress_->add(bytes);
  }

  /// The bytes of the first input are the output: only measured here.
  void copy(const Tile& tile) {
    counts_.taken[0] += tile.count();
    if (!is_floating(tile.active->tensor->dtype)) return compare_integers(tile);
    for_chunks(tile, [&](const Chunk& chunk, std::uint64_t) {
      const float* written = chunk.inputs[0];
      const std::size_t odd = kernels_.reduce.count_nonfinite(written, chunk.count);
      counts_.nonfinite += odd;
      measure(tile, chunk, written, odd == 0 ? 1 : 0);
    });
  }

  void compare_integers(const Tile& tile) {
    const std::size_t size = dtype_size(tile.active->tensor->dtype);
    for (std::size_t i = 1; i < wanted_.size(); ++i) {
      const std::byte *x = reader_.raw(0), *y = reader_.raw(static_cast<int>(i));
      if (std::memcmp(x, y, tile.count() * size) == 0) continue;
      for (std::uint64_t e = 0; e < tile.count(); ++e) {
        counts_.differing += std::memcmp(x + e * size, y + e * size, size) != 0;
      }
    }
  }

  void merge(const Tile& tile, std::uint64_t bytes) {
    const PlannedTensor& tensor = *tile.active->tensor;
    const std::size_t size = dtype_size(tensor.dtype);
    const auto settle = kernels_.convert.settle[static_cast<int>(tensor.dtype)];
    if (out_.size() < bytes) out_ = io::Buffer(bytes);
    for_chunks(tile, [&](const Chunk& chunk, std::uint64_t at) {
      result_.resize(std::max<std::size_t>(result_.size(), chunk.count));
      if (tensor.method) {
        tile.active->kernel->combine(chunk, result_.data(), counts_.taken);
      } else {
        std::memcpy(result_.data(), chunk.inputs[0], chunk.count * sizeof(float));
        counts_.taken[0] += chunk.count;
      }
      counts_.nonfinite += settle(result_.data(), out_.data() + at * size, chunk.count);
      measure(tile, chunk, result_.data(), 0);
    });
  }

  /// Distances of what was written to the inputs from `first` on; the ones before are 0.
  void measure(const Tile& tile, const Chunk& chunk, const float* written, std::size_t first) {
    if (!options_.distances) return;
    for (std::size_t i = first; i < pointers_.size(); ++i) {
      if (!pointers_[i]) continue;
      tile.active->squared[i * tile.active->blocks + chunk.block] +=
          squared_distance(written, pointers_[i], chunk.count);
    }
  }

  /// The exact kernel only where the quick one overflowed.
  double squared_distance(const float* x, const float* y, std::size_t n) const {
    const double near = kernels_.reduce.near_squared_distance(x, y, n);
    return std::isfinite(near) ? near : kernels_.reduce.squared_distance(x, y, n);
  }

  Sink& sink_;
  const ExecuteOptions& options_;
  const Context& context_;
  const cpu::Kernels& kernels_;
  Scheduler& scheduler_;
  Progress* progress_;
  TileReader reader_;
  Scratch scratch_;
  io::Buffer out_;
  std::vector<float> result_;
  std::vector<const float*> pointers_;
  std::vector<char> wanted_;
  TileCounts counts_;
};

}  // namespace

std::vector<TensorReport> execute(const Plan& plan, Sink& sink, const ExecuteOptions& options,
                                  const Context& context, Progress* progress) {
  Scheduler scheduler(plan, sink, options, context);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < context.threads; ++i) {
      threads.emplace_back(
          [&] { Worker(plan, sink, options, context, scheduler, progress).run(); });
    }
  }
  if (scheduler.error()) std::rethrow_exception(scheduler.error());
  return scheduler.take_reports();
}

}  // namespace mod::merge
