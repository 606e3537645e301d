#include "nn/matmul.h"

#include <algorithm>
#include <string>

#include "cpu/nn_kernels.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "mod/error.h"

namespace mod::nn {
namespace {

/// Multiply-adds that are worth a thread: a few microseconds, several times the cost of a fork.
constexpr std::size_t kWorkOfThread = 128 << 10;
/// Threads begin at multiples of this many rows, so that they do not write to the same cache line.
constexpr std::size_t kRowGrain = 16;

void check(std::span<const Product> products) {
  for (const Product& p : products) {
    if (p.w.dtype != DType::BF16 && p.w.dtype != DType::F16 && p.w.dtype != DType::F32) {
      throw Error(ErrorCode::kInternal, "matmul of weights in " +
                                            std::string(dtype_name(p.w.dtype)) +
                                            ": it has kernels for BF16, F16 and F32");
    }
    if (p.w.columns != products[0].w.columns) {
      throw Error(ErrorCode::kInternal, "matmul of matrices with different numbers of columns");
    }
  }
}

int threads_for(std::size_t work, const Context& context) {
  const std::size_t most = work / kWorkOfThread + 1;
  return static_cast<int>(std::min<std::size_t>(most, static_cast<std::size_t>(context.threads)));
}

/// Tokens in the order of this type, `ldx` floats apart.
struct Activations {
  cpu::Scratch floats;
  std::size_t ldx;

  Activations(const cpu::MatmulKernels& kernels, DType dtype, const float* x, std::size_t columns,
              std::size_t ldx_in, std::size_t tokens, const Context& context)
      // The rest keeps rows that are a multiple of 4 KiB long out of one set of the L1 cache.
      : floats((kernels.padded(columns) + 16) * tokens), ldx(kernels.padded(columns) + 16) {
    cpu::parallel_for(threads_for(tokens * columns, context), tokens, 1,
                      [&](std::size_t first, std::size_t last) {
                        for (std::size_t t = first; t < last; ++t) {
                          kernels.prepare(dtype, x + t * ldx_in, columns, floats.data() + t * ldx);
                        }
                      });
  }
};

/// The products with weights in BF16 (`bf16`) or the others: those have their activations in
/// common.
class Group {
 public:
  Group(std::span<const Product> products, bool bf16, const cpu::MatmulKernels& kernels)
      : products_(products), bf16_(bf16), kernels_(kernels) {
    for (const Product& p : products) {
      if (is_in(p)) rows_ += p.w.rows;
    }
  }

  std::size_t rows() const { return rows_; }

  void run(const float* x, std::size_t ldx, std::size_t from, std::size_t tokens,
           const Context& context) const {
    const std::size_t columns = products_[0].w.columns;
    const DType dtype = bf16_ ? DType::BF16 : DType::F32;
    const Activations ready(kernels_, dtype, x + from * ldx, columns, ldx, tokens, context);
    const int threads = threads_for(rows_ * columns * tokens, context);
    cpu::parallel_for(threads, rows_, kRowGrain, [&](std::size_t first, std::size_t last) {
      const bool few = tokens <= kernels_.most_few;
      const cpu::Scratch scratch(few ? 0 : kernels_.many_scratch);
      std::size_t before = 0;
      for (const Product& p : products_) {
        if (!is_in(p)) continue;
        const std::size_t begin = std::max(first, before), end = std::min(last, before + p.w.rows);
        if (begin < end) {
          const cpu::MatmulJob job = part_of(p, begin - before, end - begin, ready, from, tokens);
          few ? kernels_.few(job) : kernels_.many(job, scratch.data());
        }
        before += p.w.rows;
      }
    });
  }

 private:
  bool is_in(const Product& p) const { return (p.w.dtype == DType::BF16) == bf16_; }

  cpu::MatmulJob part_of(const Product& p, std::size_t row, std::size_t rows,
                         const Activations& ready, std::size_t from, std::size_t tokens) const {
    return {.dtype = p.w.dtype,
            .w = p.w.data + row * p.w.columns * dtype_size(p.w.dtype),
            .rows = rows,
            .columns = p.w.columns,
            .x = ready.floats.data(),
            .ldx = ready.ldx,
            .tokens = tokens,
            .bias = p.bias == nullptr ? nullptr : p.bias + row,
            .y = p.y + from * p.ldy + row,
            .ldy = p.ldy};
  }

  std::span<const Product> products_;
  bool bf16_;
  const cpu::MatmulKernels& kernels_;
  std::size_t rows_ = 0;
};

/// Equal blocks of whole tiles, as large as the kernel takes.
std::size_t block_of(std::size_t tokens, const cpu::MatmulKernels& kernels) {
  if (tokens <= kernels.most_few) return tokens;
  const std::size_t blocks = (tokens + kernels.most_many - 1) / kernels.most_many;
  const std::size_t share = (tokens + blocks - 1) / blocks;
  const std::size_t tiles = (share + kernels.token_tile - 1) / kernels.token_tile;
  return std::min(tiles * kernels.token_tile, kernels.most_many);
}

}  // namespace

void matmul(std::span<const Product> products, const float* x, std::size_t ldx, std::size_t tokens,
            const Context& context, bool /*deterministic*/) {
  check(products);
  if (products.empty() || tokens == 0) return;
  const cpu::MatmulKernels& kernels = cpu::nn_kernels(context.kernels->isa).matmul;
  const std::size_t block = block_of(tokens, kernels);
  for (const bool bf16 : {true, false}) {
    const Group group(products, bf16, kernels);
    if (group.rows() == 0) continue;
    for (std::size_t from = 0; from < tokens; from += block) {
      group.run(x, ldx, from, std::min(block, tokens - from), context);
    }
  }
}

}  // namespace mod::nn
