#include "nn/matmul.h"

#include <vector>

#include "cpu/parallel.h"
#include "mod/error.h"

namespace mod::nn {

void matmul(std::span<const Product> products, const float* x, std::size_t ldx, std::size_t tokens,
            const Context& context, bool /*deterministic*/) {
  for (const Product& p : products) {
    if (p.w.dtype != DType::BF16 && p.w.dtype != DType::F16 && p.w.dtype != DType::F32) {
      throw Error(ErrorCode::kInternal, "matmul of a type that is not BF16, F16 or F32");
    }
    if (p.w.columns != products[0].w.columns) {
      throw Error(ErrorCode::kInternal, "matmul of matrices with different numbers of columns");
    }
    const std::size_t columns = p.w.columns;
    const auto& kernels = *context.kernels;
    cpu::parallel_for(context.threads, p.w.rows, 16, [&](std::size_t first, std::size_t last) {
      std::vector<float> row(columns);
      for (std::size_t r = first; r < last; ++r) {
        kernels.convert.widen[static_cast<int>(p.w.dtype)](
            p.w.data + r * columns * dtype_size(p.w.dtype), row.data(), columns);
        for (std::size_t t = 0; t < tokens; ++t) {
          const double sum = kernels.reduce.dot(row.data(), x + t * ldx, columns);
          p.y[t * p.ldy + r] = static_cast<float>(sum) + (p.bias != nullptr ? p.bias[r] : 0.0f);
        }
      }
    });
  }
}

}  // namespace mod::nn
