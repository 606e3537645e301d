// Runs a plan: tiles are read at absolute offsets, widened, combined, narrowed and written, by
// Context::threads workers, in memory bounded by the plan. The bytes written do not depend on
// threads, tile size or memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "cpu/context.h"
#include "io/buffer.h"
#include "merge/plan.h"

namespace mod::merge {

/// What happened to one output tensor. Vectors are by input, in the order of PlannedTensor::inputs.
struct TensorReport {
  std::vector<std::uint64_t> taken;  // elements to which the input contributed
  std::vector<double> distance;      // |output - input|, L2, as written; none for integers
  std::uint64_t nonfinite = 0;       // NaN and infinities in the output
  std::uint64_t differing = 0;       // integers that are not the same in all inputs
  std::vector<std::pair<std::string, double>> facts;
  std::string sha256;  // of the written bytes
  bool done = false;
};

/// Where results go: a shard on disk, or memory.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Thread-safe. Takes the first `bytes` of `data`, which may be another buffer of any size
  /// afterwards. `byte_offset` is relative to the tensor's first byte.
  virtual void write(std::size_t tensor, std::uint64_t byte_offset, io::Buffer& data,
                     std::uint64_t bytes) = 0;
  /// Thread-safe; all bytes of the tensor were handed to write(). May fill report.sha256.
  virtual void tensor_done(std::size_t tensor, TensorReport& report) = 0;
};

struct ExecuteOptions {
  std::uint64_t tile_elements = 262144;  // rounded to whole blocks
  std::uint64_t state_bytes = 256ull
                              << 20;  // for what kernels keep between passes, over all tensors
  bool distances = true;              // fill TensorReport::distance (reads every input)
  std::vector<bool> skip;             // tensors that are already there (--resume)
};

/// Throws Error(kIo, kCancelled...) after all workers have stopped.
std::vector<TensorReport> execute(const Plan& plan, Sink& sink, const ExecuteOptions& options,
                                  const Context& context, Progress* progress);

}  // namespace mod::merge
