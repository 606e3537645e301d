// Reads runs of elements of a planned tensor's inputs into a worker's buffers and widens them to
// fp32. One TileReader belongs to one worker; the files behind it are shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpu/kernels.h"
#include "io/buffer.h"
#include "merge/plan.h"

namespace mod::merge {

class TileReader {
 public:
  TileReader(const Plan& plan, const cpu::Kernels& kernels) : plan_(plan), kernels_(kernels) {}

  /// Starts work on elements [first, first + count) of the output tensor `tensor`.
  void begin(const PlannedTensor& tensor, std::uint64_t first, std::uint64_t count);
  /// Reads input `i` of the tile from its file; returns the bytes read. Throws Error(kIo,
  /// kCorruptFile).
  std::uint64_t read(int i);
  /// The stored elements of input `i`, tightly packed.
  const std::byte* raw(int i) const { return raw_[i].data(); }
  /// The buffer behind raw(i); may be swapped for another one once the tile is done with.
  io::Buffer& buffer(int i) { return raw_[i]; }
  /// `n` elements of input `i` from `at` (relative to the tile) in fp32: a view where the file
  /// holds aligned F32, else widened into the reader's chunk buffer for this input.
  const float* widened(int i, std::uint64_t at, std::size_t n);

 private:
  std::uint64_t read_cropped(const PlannedInput& input, std::byte* out);

  const Plan& plan_;
  const cpu::Kernels& kernels_;
  const PlannedTensor* tensor_ = nullptr;
  std::uint64_t first_ = 0, count_ = 0;
  std::vector<io::Buffer> raw_;
  std::vector<std::vector<float>> wide_;
};

/// Asks the kernel to read one tile of every input ahead.
void read_ahead(const Plan& plan, const PlannedTensor& tensor, std::uint64_t first,
                std::uint64_t count);

}  // namespace mod::merge
