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

/// Elements that are in work at once: inputs, output and scratch of a method stay in the first-level
/// cache (2048 x 4 bytes x about 4).
constexpr std::uint64_t kChunkElements = 2048;

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
    taken_.assign(active.tensor->inputs.size(), 0);
    nonfinite_ = 0;
    pointers_.assign(active.tensor->inputs.size(), nullptr);
    if (tile.combining) {
      combine(tile);
    } else {
      accumulate(tile);
    }
    scheduler_.done(tile, taken_, nonfinite_);
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
    for_chunks(tile, [&](const Chunk& chunk, std::uint64_t) { tile.active->kernel->accumulate(chunk); });
  }

  void combine(const Tile& tile) {
    const PlannedTensor& tensor = *tile.active->tensor;
    read_inputs(tile, false);
    const std::size_t size = dtype_size(tensor.dtype);
    const std::uint64_t bytes = tile.count() * size;
    if (out_.size() < bytes) out_ = io::Buffer(bytes);
    const bool verbatim = !tensor.method && tensor.inputs[0].tensor.dtype == tensor.dtype;
    if (verbatim) {
      std::memcpy(out_.data(), reader_.raw(0), bytes);
      taken_[0] += tile.count();
    }
    if (!verbatim || is_floating(tensor.dtype)) {
      for_chunks(tile, [&](const Chunk& chunk, std::uint64_t at) {
        finish_chunk(tile, chunk, out_.data() + at * size, verbatim);
      });
    }
    sink_.write(tile.active->index, tile.first() * size, {out_.data(), bytes});
    if (progress_) progress_->add(bytes);
  }

  /// Combines and rounds one chunk (unless its bytes are there already), then measures what was written.
  void finish_chunk(const Tile& tile, const Chunk& chunk, std::byte* out, bool verbatim) {
    const PlannedTensor& tensor = *tile.active->tensor;
    const int dtype = static_cast<int>(tensor.dtype);
    result_.resize(std::max<std::size_t>(result_.size(), chunk.count));
    if (!verbatim) {
      if (tensor.method) {
        tile.active->kernel->combine(chunk, result_.data(), taken_);
      } else {
        std::memcpy(result_.data(), chunk.inputs[0], chunk.count * sizeof(float));
        taken_[0] += chunk.count;
      }
      kernels_.convert.narrow[dtype](result_.data(), out, chunk.count);
    }
    kernels_.convert.widen[dtype](out, result_.data(), chunk.count);
    nonfinite_ += kernels_.reduce.count_nonfinite(result_.data(), chunk.count);
    if (!options_.distances) return;
    for (std::size_t i = 0; i < pointers_.size(); ++i) {
      if (!pointers_[i]) continue;
      tile.active->squared[i * tile.active->blocks + chunk.block] +=
          squared_distance(pointers_[i], chunk.count);
    }
  }

  /// Of the result to one input; the exact kernel only where the quick one overflowed.
  double squared_distance(const float* x, std::size_t n) const {
    const double near = kernels_.reduce.near_squared_distance(result_.data(), x, n);
    return std::isfinite(near) ? near : kernels_.reduce.squared_distance(result_.data(), x, n);
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
  std::vector<std::uint64_t> taken_;
  std::uint64_t nonfinite_ = 0;
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
