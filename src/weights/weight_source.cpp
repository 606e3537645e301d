#include "weights/weight_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "mod/error.h"

namespace mod::weights {

std::uint64_t WeightInfo::columns() const {
  std::uint64_t n = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) n *= static_cast<std::uint64_t>(shape[i]);
  return n;
}

void WeightSource::read_rows(const WeightInfo& tensor, std::uint64_t first, std::uint64_t count,
                             std::span<float> out, const cpu::Kernels& kernels) const {
  const auto widen = kernels.convert.widen[static_cast<int>(tensor.dtype)];
  if (!widen) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("tensor {} holds integers ({}), not weights",
                                                      tensor.name, dtype_name(tensor.dtype)));
  }
  const std::uint64_t columns = tensor.columns();
  if (out.size() != count * columns) {
    throw Error(ErrorCode::kInternal, "read_rows: wrong size of the output for " + tensor.name);
  }
  // A few rows at a time, so that a whole embedding never needs a second copy in memory.
  constexpr std::uint64_t kChunkBytes = 1u << 20;
  const std::uint64_t row_bytes = columns * dtype_size(tensor.dtype);
  const std::uint64_t step =
      std::max<std::uint64_t>(1, kChunkBytes / std::max<std::uint64_t>(1, row_bytes));
  std::vector<std::byte> raw;
  for (std::uint64_t done = 0; done < count; done += step) {
    const std::uint64_t rows = std::min(step, count - done);
    raw.resize(static_cast<std::size_t>(rows * row_bytes));
    read_raw(tensor, first + done, rows, raw);
    widen(raw.data(), out.data() + done * columns, static_cast<std::size_t>(rows * columns));
  }
}

}  // namespace mod::weights
