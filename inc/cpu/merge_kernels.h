// Element-wise kernels of the merge methods. See cpu/kernels.h for the common rules. An output may
// be one of the inputs. Counts are of elements.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mod::cpu {

/// A position in the total order "smaller key first, equal keys by lower index". Element e with key
/// k precedes the cut iff (k, e) < (key, index).
struct Cut {
  std::uint32_t key = 0;
  std::uint64_t index = 0;
};

/// Keys of a magnitude run from 0 (NaN) over 1 (infinity) to this (zero).
inline constexpr std::uint32_t kZeroMagnitudeKey = 0x7f800001u;

/// What a scan saw: keys below the bracket, the one key that is only counted, and the other keys
/// inside the bracket, which are written out.
struct ScanCount {
  std::size_t before = 0, equal = 0, inside = 0;
};

/// Where a scan writes the keys inside its bracket and their places (element i of the run is
/// `place` + i). Room for the whole run plus 16 entries in both arrays.
struct ScanOutput {
  std::uint32_t* keys;
  std::uint16_t* places;
  std::uint32_t place;
};

struct MergeKernels {
  void (*scale)(float a, const float* x, float* y, std::size_t n) noexcept;       // y = a x
  void (*add_scaled)(float a, const float* x, float* y, std::size_t n) noexcept;  // y += a x
  void (*blend)(float a, const float* x, float b, const float* y, float* out,
                std::size_t n) noexcept;  // a x + b y

  /// Weighted deltas v = f (x - b); the second and third keep only some elements and write 0 for
  /// the others: those in [from, to) of the magnitude order, and those whose flag is 1 (not 0).
  void (*delta)(float f, const float* x, const float* b, float* v, std::size_t n) noexcept;
  void (*delta_between)(float f, const float* x, const float* b, std::uint64_t first, Cut from,
                        Cut to, float* v, std::size_t n) noexcept;
  void (*delta_flagged)(float f, const float* x, const float* b, const std::uint8_t* flags,
                        float* v, std::size_t n) noexcept;

  /// The same with packed flags: element i is bit at + i. Reads up to three bytes behind the last
  /// one.
  void (*delta_packed)(float f, const float* x, const float* b, const std::uint8_t* bits,
                       std::size_t at, float* v, std::size_t n) noexcept;

  /// y = b + (v[0] + v[1] + ...); b itself (also -0) where the sum is 0. taken[m] += elements where
  /// v[m] is not 0; returns how many elements have some v that is not 0.
  std::size_t (*add_deltas)(const float* const* v, int models, const float* b, float* y,
                            std::uint64_t* taken, std::size_t n) noexcept;
  /// The same with a vote: only the v[m] that have the sign of their sum (+ for 0) or are NaN take
  /// part. y = b + lambda * s, or b + (lambda / d) * s with `divide`: d the sum of the w[m] that
  /// take part, 1 where that is 0.
  std::size_t (*add_elected)(const float* const* v, const float* w, int models, const float* b,
                             float lambda, bool divide, float* y, std::uint64_t* taken,
                             std::size_t n) noexcept;

  /// Order keys: descending |x - b| (NaN first), and ascending value (NaN last, -0 and +0 equal).
  void (*magnitude_keys)(const float* x, const float* b, std::uint32_t* keys,
                         std::size_t n) noexcept;
  void (*value_keys)(const float* x, std::uint32_t* keys, std::size_t n) noexcept;
  /// Counts the keys below `low` and those equal to `counted`; writes out the others in [low,
  /// high], in order.
  ScanCount (*scan_magnitudes)(const float* x, const float* b, std::uint32_t low,
                               std::uint32_t high, std::uint32_t counted, ScanOutput out,
                               std::size_t n) noexcept;
  ScanCount (*scan_values)(const float* x, std::uint32_t low, std::uint32_t high,
                           std::uint32_t counted, ScanOutput out, std::size_t n) noexcept;

  /// flags[i] = words[i] < limit (limit up to 2^32).
  void (*flag_drawn)(const std::uint32_t* words, std::uint64_t limit, std::uint8_t* flags,
                     std::size_t n) noexcept;
  std::size_t (*count_flags)(const std::uint8_t* flags, std::size_t n) noexcept;
  /// Flags (0 or 1) to and from one bit each: element i is bit (at + i) % 8 of byte (at + i) / 8.
  /// Bits outside the run keep their value.
  void (*pack_flags)(const std::uint8_t* flags, std::uint8_t* bits, std::size_t at,
                     std::size_t n) noexcept;
  void (*unpack_flags)(const std::uint8_t* bits, std::size_t at, std::uint8_t* flags,
                       std::size_t n) noexcept;
  /// sums[0] = sum of |x - b|, sums[1] = that of the flagged elements; fp64.
  void (*flagged_norms)(const float* x, const float* b, const std::uint8_t* flags, double* sums,
                        std::size_t n) noexcept;

  /// Largest |x - b|; NaN counts as infinity. 0 for n = 0.
  float (*largest_delta)(const float* x, const float* b, std::size_t n) noexcept;
  /// Bins of the upper bits of |x - b|, in its order: 0 for 0, else max(1, (bits >> shift) -
  /// first), which must be below 2^16. Writes the bins of the elements that have lower bits too
  /// (where such an element lies equal bins need not mean equal magnitudes) and returns how many;
  /// room for n + 16.
  std::size_t (*magnitude_bins)(const float* x, const float* b, int shift, std::int32_t first,
                                std::uint16_t* bins, std::uint32_t* inexact,
                                std::size_t n) noexcept;
  /// Ranks from words: t = scale * (words[i] - low), good to some 24 bits, truncated. flags[i] = t
  /// at most `least`; where least < t < most, t and the place i go to `out` (place 0, no more than
  /// 2^16 elements). Returns how many.
  std::size_t (*rank_estimates)(const std::uint32_t* words, float low, float scale, float least,
                                float most, std::uint8_t* flags, ScanOutput out,
                                std::size_t n) noexcept;
  /// ranks[k] = how many elements come before element which[k] in ascending order of |x - b|, equal
  /// ones by descending index. which ascends; no NaN.
  void (*magnitude_ranks)(const float* x, const float* b, std::size_t n, const std::uint32_t* which,
                          std::size_t count, std::uint32_t* ranks) noexcept;

  /// out = {<x,x>, <y,y>, <x,y>} of x - b, y - b (b may be null), in fp64.
  void (*gram)(const float* x, const float* y, const float* b, double* out, std::size_t n) noexcept;

  /// y[i] = x[i] where the condition holds, else z[i]; returns how many did. The conditions:
  /// value[i] <= bound; words[i] < limit; the element precedes the cut.
  std::size_t (*choose_at_most)(const float* value, float bound, const float* x, const float* z,
                                float* y, std::size_t n) noexcept;
  std::size_t (*choose_drawn)(const std::uint32_t* words, std::uint64_t limit, const float* x,
                              const float* z, float* y, std::size_t n) noexcept;
  std::size_t (*choose_before)(const std::uint32_t* keys, std::uint64_t first, Cut cut,
                               const float* x, const float* z, float* y, std::size_t n) noexcept;
};

}  // namespace mod::cpu
