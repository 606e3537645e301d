// DELLA's mask: the larger a delta within its row, the likelier it is kept.
#pragma once

#include <vector>

#include "merge/parts/mask.h"

namespace mod::merge {

/// An element of ascending magnitude rank r0 (from 0) in its row of n is kept with probability
/// density - epsilon + 2 epsilon r0 / (n - 1), or density if n is 1. Rows run along axis 1 (the
/// whole tensor if it has one axis).
///
/// Nothing is sorted in general: most draws lie outside the band density +- epsilon and need no
/// rank; for the others a count of magnitudes per bin bounds the rank, and only where the draw
/// falls within the bounds the rank is counted.
class DellaMask final : public MaskSource {
 public:
  DellaMask(RandomKey key, std::uint32_t stream, const std::vector<std::int64_t>& shape,
            double density, double epsilon);

  std::uint64_t unit() const override { return length_ * inner_; }
  void flags(const Chunk& chunk, const float* x, const float* b,
             std::uint8_t* flags) const override;
  void flags_and_probabilities(const Chunk& chunk, const float* x, const float* b,
                               std::uint8_t* flags, float* probabilities) const override;

 private:
  struct Row;

  void all_rows(const Chunk& chunk, const float* x, const float* b, std::uint8_t* flags,
                float* probabilities) const;
  void strided_rows(const Chunk& chunk, Row& row, const float* x, const float* b,
                    const std::uint32_t* words, std::uint8_t* flags, float* probabilities) const;
  void one_row(const Chunk& chunk, const Row& row) const;
  void count_bins(const Chunk& chunk, const Row& row, float largest) const;
  bool by_bins(const Chunk& chunk, const Row& row) const;
  bool by_ranks(const Chunk& chunk, const Row& row, std::size_t open) const;
  void by_sorting(const Row& row) const;
  void decide(const Row& row, std::size_t i, std::uint64_t rank) const;
  double probability(std::uint64_t rank) const;

  RandomKey key_;
  std::uint32_t stream_;
  double density_, epsilon_;
  std::uint64_t length_ = 1, inner_ = 1;  // of a row; elements between its neighbours
  // For bounds on ranks from draws: rank = (word - low) * scale, wrong by less than the margin.
  float low_ = 0, scale_ = 0;
  std::int32_t margin_ = 0;
  int shift_ = 0;           // of a magnitude's bits to its bin; 0: rows are sorted
  std::uint32_t bins_ = 0;  // the top ones below the row's largest magnitude, 0 is for zero
};

}  // namespace mod::merge
