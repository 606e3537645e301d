// y = sum of f_i x_i with factors that are fixed before the first element.
#pragma once

#include <vector>

#include "merge/method.h"

namespace mod::merge {

/// Terms of a weighted sum; inputs whose factor is 0 take no part (a NaN in them stays there).
class WeightedSum {
 public:
  WeightedSum() = default;
  /// One factor for each input. Rounded to fp32 once; the largest one takes up the rounding errors
  /// of the others, so that factors that sum to 1 still do.
  explicit WeightedSum(const std::vector<double>& factors);

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const;

 private:
  struct Term {
    std::size_t input;
    float factor;
  };
  std::vector<Term> terms_;
};

class WeightedSumKernel final : public Kernel {
 public:
  explicit WeightedSumKernel(const std::vector<double>& factors) : sum_(factors) {}

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    sum_.combine(chunk, out, taken);
  }

 private:
  WeightedSum sum_;
};

}  // namespace mod::merge
