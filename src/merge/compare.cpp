#include "merge/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "io/buffer.h"
#include "merge/exact_values.h"
#include "merge/parallel_blocks.h"

namespace mod::merge {
namespace {

using checkpoint::Checkpoint;
using checkpoint::TensorInfo;

/// Sums over one run of elements.
struct Distance {
  std::uint64_t different = 0, nonfinite = 0;
  double max_abs = 0, max_rel = 0;
  double aa = 0, ab = 0, bb = 0;  // inner products

  void add(const Distance& o) {
    different += o.different;
    nonfinite += o.nonfinite;
    max_abs = std::max(max_abs, o.max_abs);
    max_rel = std::max(max_rel, o.max_rel);
    aa += o.aa;
    ab += o.ab;
    bb += o.bb;
  }
};

struct Worker {
  io::Buffer raw_a{kReadElements * sizeof(double)}, raw_b{kReadElements * sizeof(double)};
  float a[kCacheElements], b[kCacheElements];
  long double exact_a[kCacheElements], exact_b[kCacheElements];
};

template <typename T>
void note_maxima(T a, T b, Distance& d) {
  const double difference = static_cast<double>(std::fabs(a - b));
  const double larger = static_cast<double>(std::max(std::fabs(a), std::fabs(b)));
  if (difference > d.max_abs) d.max_abs = difference;
  // The division is only worth its time where it raises the maximum.
  if (difference > d.max_rel * larger && larger > 0) {
    d.max_rel = std::max(d.max_rel, difference / larger);
  }
}

/// Element by element; the path for NaN, infinities and the types that fp32 does not hold.
template <typename T>
Distance careful_distance(const T* a, const T* b, std::size_t n) {
  Distance d;
  for (std::size_t i = 0; i < n; ++i) {
    const bool finite = std::isfinite(a[i]) && std::isfinite(b[i]);
    const bool nans = std::isnan(a[i]) && std::isnan(b[i]);
    if (!nans && (a[i] != b[i] || std::signbit(a[i]) != std::signbit(b[i]))) {
      ++d.different;
      if (!finite) ++d.nonfinite;
    }
    if (!finite) continue;
    note_maxima(a[i], b[i], d);
    d.aa += static_cast<double>(a[i] * a[i]);
    d.ab += static_cast<double>(a[i] * b[i]);
    d.bb += static_cast<double>(b[i] * b[i]);
  }
  return d;
}

Distance fast_distance(const float* a, const float* b, std::size_t n,
                       const cpu::ReduceKernels& reduce) {
  if (reduce.count_nonfinite(a, n) + reduce.count_nonfinite(b, n) > 0) {
    double wide_a[kCacheElements], wide_b[kCacheElements];
    std::copy_n(a, n, wide_a);
    std::copy_n(b, n, wide_b);
    return careful_distance(wide_a, wide_b, n);
  }
  Distance d;
  d.different = reduce.count_different(a, b, n);
  d.aa = reduce.dot(a, a, n);
  d.ab = reduce.dot(a, b, n);
  d.bb = reduce.dot(b, b, n);
  for (std::size_t i = 0; i < n; ++i) {
    note_maxima(static_cast<double>(a[i]), static_cast<double>(b[i]), d);
  }
  return d;
}

Distance chunk_distance(const TensorInfo& ta, const TensorInfo& tb, const std::byte* a,
                        const std::byte* b, std::size_t n, const cpu::Kernels& kernels, Worker& w) {
  if (!fits_fp32(ta.dtype) || !fits_fp32(tb.dtype)) {
    widen_exact(ta.dtype, a, w.exact_a, n, kernels);
    widen_exact(tb.dtype, b, w.exact_b, n, kernels);
    return careful_distance(w.exact_a, w.exact_b, n);
  }
  const auto& widen = kernels.convert.widen;
  widen[static_cast<int>(ta.dtype)](a, w.a, n);
  const bool same_bytes = ta.dtype == tb.dtype && std::memcmp(a, b, n * dtype_size(ta.dtype)) == 0;
  if (same_bytes && kernels.reduce.count_nonfinite(w.a, n) == 0) {
    Distance d;
    d.aa = d.ab = d.bb = kernels.reduce.dot(w.a, w.a, n);
    return d;
  }
  widen[static_cast<int>(tb.dtype)](b, w.b, n);
  return fast_distance(w.a, w.b, n, kernels.reduce);
}

/// Names in `a` and `b` matched; numbers still to be filled.
std::vector<TensorDiff> match_names(const Checkpoint& a, const Checkpoint& b) {
  std::vector<TensorDiff> list;
  for (const TensorInfo& tensor : a.tensors()) {
    TensorDiff diff;
    diff.name = tensor.name;
    diff.a = &tensor;
    diff.b = b.find(tensor.name);
    if (!diff.b) {
      diff.status = DiffStatus::kOnlyA;
    } else if (diff.b->shape != tensor.shape) {
      diff.status = DiffStatus::kShape;
    }
    list.push_back(std::move(diff));
  }
  for (const TensorInfo& tensor : b.tensors()) {
    if (a.find(tensor.name)) continue;
    TensorDiff diff;
    diff.name = tensor.name;
    diff.b = &tensor;
    diff.status = DiffStatus::kOnlyB;
    list.push_back(std::move(diff));
  }
  return list;
}

bool is_compared(const TensorDiff& diff) { return diff.status == DiffStatus::kEqual; }

void finish(TensorDiff& diff, const Distance& d) {
  diff.different = d.different;
  diff.nonfinite = d.nonfinite;
  diff.max_abs = d.nonfinite > 0 ? std::numeric_limits<double>::infinity() : d.max_abs;
  diff.max_rel = d.max_rel;
  diff.cosine = 1;
  if (d.different == 0) return;
  diff.status = DiffStatus::kDiffers;
  diff.share = static_cast<double>(d.different) / static_cast<double>(diff.a->elements);
  if (d.aa == 0 && d.bb == 0) return;
  const double product = std::sqrt(d.aa) * std::sqrt(d.bb);
  diff.cosine = product > 0 ? std::clamp(d.ab / product, -1.0, 1.0) : 0;
}

Distance block_distance(const Checkpoint& a, const Checkpoint& b, const TensorDiff& diff,
                        const ElementBlock& block, const cpu::Kernels& kernels, Worker& worker) {
  const std::size_t item_a = dtype_size(diff.a->dtype), item_b = dtype_size(diff.b->dtype);
  a.read(*diff.a, block.first * item_a, worker.raw_a.span().first(block.count * item_a));
  b.read(*diff.b, block.first * item_b, worker.raw_b.span().first(block.count * item_b));
  Distance result;
  for (std::size_t at = 0; at < block.count; at += kCacheElements) {
    const std::size_t n = std::min(kCacheElements, block.count - at);
    result.add(chunk_distance(*diff.a, *diff.b, worker.raw_a.data() + at * item_a,
                              worker.raw_b.data() + at * item_b, n, kernels, worker));
  }
  return result;
}

}  // namespace

std::string_view diff_status_name(DiffStatus status) {
  switch (status) {
    case DiffStatus::kEqual:
      return "equal";
    case DiffStatus::kDiffers:
      return "differs";
    case DiffStatus::kOnlyA:
      return "only_a";
    case DiffStatus::kOnlyB:
      return "only_b";
    case DiffStatus::kShape:
      return "shape";
  }
  return "";
}

std::string TensorDiff::note() const {
  if (!a || !b || a->dtype == b->dtype) return {};
  return std::string(dtype_name(a->dtype)) + " and " + std::string(dtype_name(b->dtype));
}

std::vector<TensorDiff> compare(const Checkpoint& a, const Checkpoint& b, const Context& context,
                                Progress* progress) {
  std::vector<TensorDiff> list = match_names(a, b);
  std::vector<std::uint64_t> elements;
  for (const TensorDiff& diff : list) elements.push_back(is_compared(diff) ? diff.a->elements : 0);
  const std::vector<ElementBlock> blocks = cut_into_blocks(elements);
  std::vector<Distance> parts(blocks.size());
  std::vector<std::unique_ptr<Worker>> workers(
      static_cast<std::size_t>(std::max(1, context.threads)));
  run_parallel(
      context, static_cast<int>(workers.size()), blocks.size(), [&](int w, std::size_t item) {
        if (!workers[w]) workers[w] = std::make_unique<Worker>();
        const ElementBlock& block = blocks[item];
        const TensorDiff& diff = list[block.tensor];
        parts[item] = block_distance(a, b, diff, block, *context.kernels, *workers[w]);
        if (!progress) return;
        progress->add(block.count * (dtype_size(diff.a->dtype) + dtype_size(diff.b->dtype)));
      });
  std::vector<Distance> sums(list.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) sums[blocks[i].tensor].add(parts[i]);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (is_compared(list[i])) finish(list[i], sums[i]);
  }
  return list;
}

std::uint64_t compared_bytes(const Checkpoint& a, const Checkpoint& b) {
  std::uint64_t bytes = 0;
  for (const TensorDiff& diff : match_names(a, b)) {
    if (is_compared(diff)) bytes += diff.a->bytes + diff.b->bytes;
  }
  return bytes;
}

}  // namespace mod::merge
