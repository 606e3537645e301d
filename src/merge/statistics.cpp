#include "merge/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/buffer.h"
#include "merge/exact_values.h"
#include "merge/parallel_blocks.h"

namespace mod::merge {
namespace {

/// Sums over one run of elements. `spread` is the sum of squared distances from the mean.
struct Moments {
  std::uint64_t finite = 0, zeros = 0, nans = 0, infinities = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double mean = 0, spread = 0, squares = 0;

  /// Chan, Golub and LeVeque's update: no cancellation however far the mean is from zero.
  void add(const Moments& o) {
    zeros += o.zeros;
    nans += o.nans;
    infinities += o.infinities;
    if (o.finite == 0) return;
    const double n = static_cast<double>(finite), m = static_cast<double>(o.finite);
    const double shift = o.mean - mean;
    mean += shift * (m / (n + m));
    spread += o.spread + shift * shift * (n * m / (n + m));
    squares += o.squares;
    min = std::min(min, o.min);
    max = std::max(max, o.max);
    finite += o.finite;
  }
};

struct Worker {
  io::Buffer raw;
  float wide[kCacheElements], centre[kCacheElements];
  long double exact[kCacheElements];
};

/// Keeps the finite elements, in order; returns how many.
template <typename T>
std::size_t keep_finite(T* x, std::size_t n, Moments& moments) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isnan(x[i])) {
      ++moments.nans;
    } else if (std::isinf(x[i])) {
      ++moments.infinities;
    } else {
      x[kept++] = x[i];
    }
  }
  return kept;
}

Moments fast_moments(float* x, std::size_t n, float* centre, const cpu::ReduceKernels& reduce) {
  Moments result;
  if (reduce.count_nonfinite(x, n) > 0) n = keep_finite(x, n, result);
  if (n == 0) return result;
  const double count = static_cast<double>(n);
  result.finite = n;
  result.zeros = n - reduce.count_nonzero(x, n);
  const cpu::MinMax range = reduce.min_max(x, n);
  result.min = range.min;
  result.max = range.max;
  result.mean = reduce.sum(x, n) / count;
  result.squares = reduce.dot(x, x, n);
  const float near_mean = static_cast<float>(result.mean);
  std::fill_n(centre, n, near_mean);
  const double rest = result.mean - near_mean;
  result.spread = std::max(0.0, reduce.squared_distance(x, centre, n) - count * rest * rest);
  return result;
}

Moments exact_moments(long double* x, std::size_t n) {
  Moments result;
  n = keep_finite(x, n, result);
  if (n == 0) return result;
  result.finite = n;
  long double sum = 0, squares = 0, spread = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += x[i];
    squares += x[i] * x[i];
    result.zeros += x[i] == 0;
    result.min = std::min(result.min, static_cast<double>(x[i]));
    result.max = std::max(result.max, static_cast<double>(x[i]));
  }
  const long double mean = sum / static_cast<long double>(n);
  for (std::size_t i = 0; i < n; ++i) spread += (x[i] - mean) * (x[i] - mean);
  result.mean = static_cast<double>(mean);
  result.squares = static_cast<double>(squares);
  result.spread = static_cast<double>(spread);
  return result;
}

Moments block_moments(const checkpoint::Checkpoint& checkpoint, const ElementBlock& block,
                      const cpu::Kernels& kernels, Worker& worker) {
  const checkpoint::TensorInfo& tensor = checkpoint.tensors()[block.tensor];
  const std::size_t item = dtype_size(tensor.dtype);
  checkpoint.read(tensor, block.first * item, worker.raw.span().first(block.count * item));
  Moments result;
  for (std::size_t at = 0; at < block.count; at += kCacheElements) {
    const std::size_t n = std::min(kCacheElements, block.count - at);
    const std::byte* in = worker.raw.data() + at * item;
    if (fits_fp32(tensor.dtype)) {
      kernels.convert.widen[static_cast<int>(tensor.dtype)](in, worker.wide, n);
      result.add(fast_moments(worker.wide, n, worker.centre, kernels.reduce));
    } else {
      widen_exact(tensor.dtype, in, worker.exact, n, kernels);
      result.add(exact_moments(worker.exact, n));
    }
  }
  return result;
}

TensorStatistics finish(const Moments& moments) {
  TensorStatistics result;
  result.elements = moments.finite + moments.nans + moments.infinities;
  result.zeros = moments.zeros;
  result.nans = moments.nans;
  result.infinities = moments.infinities;
  if (moments.finite == 0) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    result.min = result.max = result.mean = result.deviation = result.norm = none;
    return result;
  }
  result.min = moments.min;
  result.max = moments.max;
  result.mean = moments.mean;
  result.deviation = std::sqrt(moments.spread / static_cast<double>(moments.finite));
  result.norm = std::sqrt(moments.squares);
  return result;
}

}  // namespace

std::vector<TensorStatistics> compute_statistics(const checkpoint::Checkpoint& checkpoint,
                                                 const Context& context, Progress* progress) {
  std::vector<std::uint64_t> elements;
  for (const auto& tensor : checkpoint.tensors()) elements.push_back(tensor.elements);
  const std::vector<ElementBlock> blocks = cut_into_blocks(elements);
  std::vector<Moments> parts(blocks.size());
  std::vector<std::unique_ptr<Worker>> workers(
      static_cast<std::size_t>(std::max(1, context.threads)));
  run_parallel(context, static_cast<int>(workers.size()), blocks.size(),
               [&](int w, std::size_t item) {
                 if (!workers[w]) {
                   workers[w] = std::make_unique<Worker>();
                   workers[w]->raw = io::Buffer(kReadElements * sizeof(double));
                 }
                 const ElementBlock& block = blocks[item];
                 parts[item] = block_moments(checkpoint, block, *context.kernels, *workers[w]);
                 const auto& tensor = checkpoint.tensors()[block.tensor];
                 if (progress) progress->add(block.count * dtype_size(tensor.dtype));
               });
  std::vector<Moments> sums(elements.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) sums[blocks[i].tensor].add(parts[i]);
  std::vector<TensorStatistics> result;
  for (const Moments& sum : sums) result.push_back(finish(sum));
  return result;
}

}  // namespace mod::merge
