#include "merge/parts/della_mask.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "cpu/kernels.h"

namespace mod::merge {
namespace {

/// Undecided elements of a row from which sorting the row costs less than counting each one's rank.
constexpr std::size_t kSortFrom = 96;
constexpr std::uint32_t kMaxBins = 4096;

/// Orders by magnitude, then by descending index. A NaN is larger than any number.
std::uint64_t sort_key(float d, std::size_t i) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(d) & 0x7fffffffu;
  bits = std::min(bits, cpu::kZeroMagnitudeKey);
  return std::uint64_t{bits} << 32 | (0xffffffffu - static_cast<std::uint32_t>(i));
}

}  // namespace

/// One row in contiguous memory, with working space for its length.
struct DellaMask::Row {
  const float *x, *b;
  const std::uint32_t* words;
  std::uint8_t* flags;
  float* probabilities;  // null: not wanted
  std::size_t n;
  std::uint16_t* bins;
  std::uint32_t* starts;  // [bins_ + 3]
  std::int32_t* estimates;
  std::uint32_t* open;
};

DellaMask::DellaMask(RandomKey key, std::uint32_t stream, const std::vector<std::int64_t>& shape,
                     double density, double epsilon)
    : key_(key), stream_(stream), density_(density), epsilon_(epsilon) {
  if (shape.size() == 1) {
    length_ = static_cast<std::uint64_t>(shape[0]);
  } else if (shape.size() > 1) {
    length_ = static_cast<std::uint64_t>(shape[1]);
    for (std::size_t a = 2; a < shape.size(); ++a) inner_ *= static_cast<std::uint64_t>(shape[a]);
  }
  length_ = std::max<std::uint64_t>(length_, 1);
  inner_ = std::max<std::uint64_t>(inner_, 1);
  const double ranks = static_cast<double>(length_ - 1), band = 2 * epsilon_;
  // A word keeps 24 bits in fp32 and so do low_ and scale_: errors below 2^-22 of the whole range.
  const double error = band > 0 ? ranks / band * 0x1p-21 : 0;
  if (length_ > 1 && band > 0 && error < 64 && length_ < (1u << 24)) {
    low_ = static_cast<float>((density_ - epsilon_) * 0x1p32);
    scale_ = static_cast<float>(ranks / (band * 0x1p32));
    margin_ = 2 + static_cast<std::int32_t>(error);
    bins_ = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(std::bit_floor(length_) / 2, 16, kMaxBins));
  }
}

double DellaMask::probability(std::uint64_t rank) const {
  if (length_ == 1) return density_;
  const double r = static_cast<double>(rank) / static_cast<double>(length_ - 1);
  return density_ - epsilon_ + 2 * epsilon_ * r;
}

void DellaMask::decide(const Row& row, std::size_t i, std::uint64_t rank) const {
  const double p = probability(rank);
  row.flags[i] = row.words[i] < random_limit(p);
  if (row.probabilities) row.probabilities[i] = static_cast<float>(p);
}

void DellaMask::by_sorting(const Row& row, float largest) const {
  std::vector<std::uint64_t> keys(row.n);
  const bool binned = row.bins && std::isfinite(largest);
  for (std::size_t j = 0; j < row.n; ++j) {
    // Backwards through bins: equal magnitudes are then in order already.
    const std::size_t i = row.n - 1 - j;
    const std::size_t to = binned ? row.starts[row.bins[i]]++ : j;
    keys[to] = sort_key(row.x[i] - row.b[i], i);
  }
  if (!std::is_sorted(keys.begin(), keys.end())) {
    std::size_t from = 0;
    while (from < row.n) {
      // After the scatter a start stands at its bin's end.
      std::size_t to = row.n;
      if (binned) {
        const std::size_t i = 0xffffffffu - static_cast<std::uint32_t>(keys[from]);
        to = row.starts[row.bins[i]];
      }
      std::sort(keys.begin() + static_cast<std::ptrdiff_t>(from),
                keys.begin() + static_cast<std::ptrdiff_t>(to));
      from = to;
    }
  }
  for (std::size_t rank = 0; rank < row.n; ++rank) {
    decide(row, 0xffffffffu - static_cast<std::uint32_t>(keys[rank]), rank);
  }
}

/// False where the row needs sorting; starts then hold the bins' first ranks.
bool DellaMask::by_bins(const Chunk& chunk, const Row& row) const {
  const cpu::MergeKernels& kernels = chunk.kernels->merge;
  const std::size_t n = row.n;
  const auto ranks = static_cast<float>(n);
  const auto margin = static_cast<float>(margin_);
  kernels.rank_estimates(row.words, low_, scale_, -margin, ranks + margin, row.estimates, n);
  // Local names: a store to a byte could otherwise change the row's pointers, as far as g++ knows.
  const std::uint16_t* bins = row.bins;
  const std::uint32_t* starts = row.starts;
  const std::int32_t* estimates = row.estimates;
  std::uint8_t* flags = row.flags;
  std::uint32_t* undecided = row.open;
  const std::int32_t off = margin_;
  std::size_t open = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bin = bins[i];
    const auto least = static_cast<std::int32_t>(starts[bin]);
    const auto behind = static_cast<std::int32_t>(starts[bin + 1]);
    const std::int32_t t = estimates[i];
    const bool kept = least >= t + off;
    flags[i] = kept;
    undecided[open] = static_cast<std::uint32_t>(i);
    open += !kept & (behind > t - off) & (bin != 0);
  }
  if (open > kSortFrom) return false;
  std::uint32_t exact[kSortFrom];
  kernels.magnitude_ranks(row.x, row.b, n, undecided, open, exact);
  for (std::size_t k = 0; k < open; ++k) decide(row, undecided[k], exact[k]);
  return true;
}

void DellaMask::one_row(const Chunk& chunk, const Row& row) const {
  const cpu::MergeKernels& kernels = chunk.kernels->merge;
  const float largest = kernels.largest_delta(row.x, row.b, row.n);
  const float to_bin = static_cast<float>(bins_) / largest;
  if (largest == 0 && !row.probabilities) {
    std::memset(row.flags, 0, row.n);
    return;
  }
  if (bins_ == 0 || !std::isfinite(largest) || !std::isfinite(to_bin)) {
    Row plain = row;
    plain.bins = nullptr;
    return by_sorting(plain, largest);
  }
  kernels.magnitude_bins(row.x, row.b, to_bin, bins_ - 1, row.bins, row.n);
  std::memset(row.starts, 0, (bins_ + 2) * sizeof(std::uint32_t));
  const std::uint16_t* bins = row.bins;
  std::uint32_t* count = row.starts + 1;
  for (std::size_t i = 0; i < row.n; ++i) ++count[bins[i]];
  for (std::uint32_t b = 1; b < bins_ + 1; ++b) count[b] += count[b - 1];
  if (row.probabilities || !by_bins(chunk, row)) by_sorting(row, largest);
}

void DellaMask::strided_rows(const Chunk& chunk, Row& row, const float* x, const float* b,
                             const std::uint32_t* words, std::uint8_t* flags,
                             float* probabilities) const {
  float* row_x = chunk.scratch->floats(length_);
  float* row_b = chunk.scratch->floats(length_);
  std::uint32_t* row_words = chunk.scratch->words(length_);
  row.flags = chunk.scratch->bytes(length_);
  row.probabilities = probabilities ? chunk.scratch->floats(length_) : nullptr;
  row.x = row_x;
  row.b = row_b;
  row.words = row_words;
  for (std::size_t unit = 0; unit < chunk.count; unit += length_ * inner_) {
    for (std::size_t column = unit; column < unit + inner_; ++column) {
      for (std::size_t i = 0; i < length_; ++i) {
        row_x[i] = x[column + i * inner_];
        row_b[i] = b[column + i * inner_];
        row_words[i] = words[column + i * inner_];
      }
      one_row(chunk, row);
      for (std::size_t i = 0; i < length_; ++i) {
        flags[column + i * inner_] = row.flags[i];
        if (probabilities) probabilities[column + i * inner_] = row.probabilities[i];
      }
    }
  }
}

void DellaMask::all_rows(const Chunk& chunk, const float* x, const float* b, std::uint8_t* flags,
                         float* probabilities) const {
  Scratch& scratch = *chunk.scratch;
  std::uint32_t* words = scratch.words(chunk.count);
  chunk.kernels->random.words(key_, chunk.first, stream_, RandomPurpose::kSparsify, words,
                              chunk.count);
  if (length_ == 1 || epsilon_ == 0) {  // one probability for all
    chunk.kernels->merge.flag_drawn(words, random_limit(density_), flags, chunk.count);
    if (probabilities) std::fill_n(probabilities, chunk.count, static_cast<float>(density_));
    return;
  }
  Row row{};
  row.n = length_;
  row.bins = reinterpret_cast<std::uint16_t*>(scratch.bytes(2 * length_));
  row.starts = scratch.words(bins_ + 3);
  row.estimates = reinterpret_cast<std::int32_t*>(scratch.words(length_));
  row.open = scratch.words(length_ + 1);
  if (inner_ > 1) return strided_rows(chunk, row, x, b, words, flags, probabilities);
  for (std::size_t at = 0; at < chunk.count; at += length_) {
    row.x = x + at;
    row.b = b + at;
    row.words = words + at;
    row.flags = flags + at;
    row.probabilities = probabilities ? probabilities + at : nullptr;
    one_row(chunk, row);
  }
}

void DellaMask::flags(const Chunk& chunk, const float* x, const float* b,
                      std::uint8_t* flags) const {
  all_rows(chunk, x, b, flags, nullptr);
}

void DellaMask::flags_and_probabilities(const Chunk& chunk, const float* x, const float* b,
                                        std::uint8_t* flags, float* probabilities) const {
  all_rows(chunk, x, b, flags, probabilities);
}

}  // namespace mod::merge
