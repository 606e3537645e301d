#include "merge/budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

/// Inputs and output of a 65536-element block in bf16 stay in the second-level cache; larger tiles
/// only save system calls. Measured on tmpfs, 2 cores: 128 Ki elements best, 512 Ki 6 % slower.
constexpr std::uint64_t kPreferredTile = 65536;
/// Widened inputs, result and a method's scratch, per element of a chunk and input.
constexpr std::uint64_t kChunkBytesPerInput = 24;
constexpr std::uint64_t kHashBuffer = 1 << 20;
/// Allocator slack, thread stacks, report data.
constexpr std::uint64_t kFixed = 8 << 20;

struct Need {
  std::uint64_t per_element = 0;  // of a tile, one worker
  std::uint64_t smallest = 0;     // bytes of one worker with a one-block tile
  std::uint64_t block = 0;
  std::uint64_t state = 0;
};

Need need_of(const PlannedTensor& tensor, const cpu::Kernels& kernels) {
  Need need;
  std::uint64_t unit = 1;
  if (tensor.method) {
    const auto kernel = tensor.method->make(tensor.spec, kernels);
    unit = kernel->unit();
    need.state = kernel->state_bytes();
  }
  for (const PlannedInput& input : tensor.inputs)
    need.per_element += dtype_size(input.tensor.dtype);
  need.per_element += (1 + kWaitingTiles) * dtype_size(tensor.dtype);
  need.block = std::min(block_elements(unit), std::max<std::uint64_t>(1, tensor.spec.elements));
  const std::uint64_t chunk = std::max<std::uint64_t>(unit, 2048);
  need.state += tensor.inputs.size() * sizeof(double) * (tensor.spec.elements / need.block + 1);
  need.smallest = need.block * need.per_element +
                  chunk * kChunkBytesPerInput * (tensor.inputs.size() + 2) + kHashBuffer;
  return need;
}

}  // namespace

Budget make_budget(const Plan& plan, std::uint64_t memory, const Context& context) {
  Need worst;
  std::uint64_t widest = 0, chunks = 0;
  const PlannedTensor* worst_tensor = nullptr;
  for (const PlannedTensor& tensor : plan.tensors) {
    const Need need = need_of(tensor, *context.kernels);
    widest = std::max(widest, need.per_element);
    chunks = std::max(chunks, need.smallest - need.block * need.per_element);
    if (need.smallest + need.state > worst.smallest + worst.state) {
      worst = need;
      worst_tensor = &tensor;
    }
  }
  if (!worst_tensor) return {};
  const std::uint64_t least = kFixed + worst.smallest + worst.state;
  if (least > memory) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("--memory {} is too small: tensor '{}' needs {}; give --memory {}M or more",
                    size_text(memory), worst_tensor->name, size_text(least), (least >> 20) + 1));
  }
  Budget budget;
  const std::uint64_t room = memory - kFixed - worst.state;
  budget.workers = static_cast<int>(std::clamp<std::uint64_t>(
      room / worst.smallest, 1, static_cast<std::uint64_t>(context.threads)));
  // Half of what is left goes to tiles, the rest to tensors that are open at the same time.
  const std::uint64_t tile_room = room / 2 / budget.workers;
  budget.tile_elements = kPreferredTile;
  if (tile_room < chunks + kPreferredTile * widest) budget.tile_elements = kBlockElements;
  const std::uint64_t worker_bytes =
      std::max(worst.smallest, chunks + budget.tile_elements * widest);
  const std::uint64_t workers_bytes = worker_bytes * budget.workers;
  budget.state_bytes = memory > kFixed + workers_bytes ? memory - kFixed - workers_bytes : 0;
  const std::uint64_t open = static_cast<std::uint64_t>(budget.workers) + 1;
  budget.peak_bytes = kFixed + workers_bytes +
                      std::min(std::max(budget.state_bytes, worst.state), open * worst.state);
  return budget;
}

}  // namespace mod::merge
