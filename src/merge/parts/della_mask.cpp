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
/// Bins go down from a row's largest magnitude by so many powers of two; what is smaller shares one
/// bin.
constexpr std::uint32_t kOctaves = 8;
constexpr std::size_t kPart = 32768;  // elements whose places fit 16 bits

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
  std::uint32_t* places;   // of an element among those of its bin
  std::uint32_t* starts;   // [bins_ + 2]
  std::uint8_t* mixed;     // [bins_]: different magnitudes may share the bin
  std::uint32_t* inexact;  // [n + 16]
  std::uint32_t* band;     // [n + 16]: rank estimates of draws within the band
  std::uint16_t* band_places;
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
    // Sixteen bits of a magnitude, 128 bins an octave, tell apart the deltas of bf16 models, which
    // are small multiples of a power of two. Short rows get by with fewer.
    shift_ = length_ >= 2048 ? 16 : length_ >= 512 ? 17 : 18;
    bins_ = (kOctaves << (23 - shift_)) + 2;
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

void DellaMask::by_sorting(const Row& row) const {
  std::vector<std::uint64_t> keys(row.n);
  const bool binned = row.bins != nullptr;
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

/// Counts the bins; starts hold their first ranks then.
void DellaMask::count_bins(const Chunk& chunk, const Row& row, float largest) const {
  const auto top = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(largest) >> shift_);
  const std::int32_t first = top - static_cast<std::int32_t>(bins_ - 1);
  const std::size_t inexact = chunk.kernels->merge.magnitude_bins(row.x, row.b, shift_, first,
                                                                  row.bins, row.inexact, row.n);
  std::memset(row.mixed, 0, bins_);
  row.mixed[1] = 1;  // of all that are smaller still
  for (std::size_t k = 0; k < inexact; ++k) row.mixed[row.inexact[k]] = 1;
  std::memset(row.starts, 0, (bins_ + 2) * sizeof(std::uint32_t));
  const std::uint16_t* bins = row.bins;
  std::uint32_t* places = row.places;
  std::uint32_t* count = row.starts + 1;
  for (std::size_t i = 0; i < row.n; ++i) places[i] = count[bins[i]]++;
  std::uint32_t sum = 0;
  for (std::uint32_t b = 0; b < bins_; ++b) count[b] = sum += count[b];
}

/// False where the row needs sorting.
bool DellaMask::by_bins(const Chunk& chunk, const Row& row) const {
  const cpu::MergeKernels& kernels = chunk.kernels->merge;
  const auto margin = static_cast<float>(margin_);
  // Local names: a store to a byte could change the row's pointers, as far as a compiler knows.
  const std::uint16_t* bins = row.bins;
  const std::uint32_t* starts = row.starts;
  const std::uint32_t* band = row.band;
  const std::uint16_t* places = row.band_places;
  std::uint32_t* undecided = row.open;
  const std::int32_t off = margin_;
  std::size_t open = 0;
  for (std::size_t from = 0; from < row.n; from += kPart) {
    std::uint8_t* flags = row.flags + from;
    const std::size_t banded = kernels.rank_estimates(
        row.words + from, low_, scale_, -margin, static_cast<float>(row.n) + margin, flags,
        {row.band, row.band_places, 0}, std::min(kPart, row.n - from));
    for (std::size_t k = 0; k < banded; ++k) {
      const std::size_t place = places[k];
      const std::uint32_t bin = bins[from + place];
      const auto least = static_cast<std::int32_t>(starts[bin]);
      const auto behind = static_cast<std::int32_t>(starts[bin + 1]);
      const auto t = static_cast<std::int32_t>(band[k]);
      const bool kept = least >= t + off;
      flags[place] = kept;
      undecided[open] = static_cast<std::uint32_t>(from + place);
      open += !kept & (behind > t - off) & (bin != 0);
    }
  }
  return by_ranks(chunk, row, open);
}

/// Exact ranks of the first `open` elements of row.open.
bool DellaMask::by_ranks(const Chunk& chunk, const Row& row, std::size_t open) const {
  std::size_t uncertain = 0;
  for (std::size_t k = 0; k < open; ++k) {
    const std::uint32_t i = row.open[k], bin = row.bins[i];
    if (row.mixed[bin]) {
      row.open[uncertain++] = i;
    } else {  // equal magnitudes: ranks ascend with descending index
      decide(row, i, row.starts[bin + 1] - 1 - row.places[i]);
    }
  }
  if (uncertain > kSortFrom) return false;
  std::uint32_t exact[kSortFrom];
  chunk.kernels->merge.magnitude_ranks(row.x, row.b, row.n, row.open, uncertain, exact);
  for (std::size_t k = 0; k < uncertain; ++k) decide(row, row.open[k], exact[k]);
  return true;
}

void DellaMask::one_row(const Chunk& chunk, const Row& row) const {
  const float largest = chunk.kernels->merge.largest_delta(row.x, row.b, row.n);
  if (largest == 0 && !row.probabilities) {
    std::memset(row.flags, 0, row.n);
    return;
  }
  if (shift_ == 0 || !std::isfinite(largest)) {
    Row plain = row;
    plain.bins = nullptr;
    return by_sorting(plain);
  }
  count_bins(chunk, row, largest);
  if (row.probabilities || !by_bins(chunk, row)) by_sorting(row);
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
  row.places = scratch.words(length_);
  row.starts = scratch.words(bins_ + 2);
  row.mixed = scratch.bytes(bins_ + 2);
  row.inexact = scratch.words(length_ + 16);
  row.band = scratch.words(length_ + 16);
  row.band_places = reinterpret_cast<std::uint16_t*>(scratch.bytes(2 * (length_ + 16)));
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
