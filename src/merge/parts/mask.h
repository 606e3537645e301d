// Random masks over a delta: which elements a model keeps.
#pragma once

#include <cstdint>
#include <memory>

#include "base/random.h"
#include "merge/method.h"

namespace mod::merge {

/// Says which elements of a model's delta x - b are kept; the same answer every time.
class MaskSource {
 public:
  virtual ~MaskSource() = default;
  /// Elements that must stay together (rows), as Kernel::unit().
  virtual std::uint64_t unit() const { return 1; }
  /// flags[i] = 1 where element chunk.first + i is kept, else 0. The flag of a zero delta is
  /// arbitrary.
  virtual void flags(const Chunk& chunk, const float* x, const float* b,
                     std::uint8_t* flags) const = 0;
  /// The same, and each element's keep probability.
  virtual void flags_and_probabilities(const Chunk& chunk, const float* x, const float* b,
                                       std::uint8_t* flags, float* probabilities) const = 0;
};

/// DARE: each element independently with one probability.
class BernoulliMask final : public MaskSource {
 public:
  BernoulliMask(RandomKey key, std::uint32_t stream, double density)
      : key_(key), stream_(stream), density_(density), limit_(random_limit(density)) {}

  void flags(const Chunk& chunk, const float* x, const float* b,
             std::uint8_t* flags) const override;
  void flags_and_probabilities(const Chunk& chunk, const float* x, const float* b,
                               std::uint8_t* flags, float* probabilities) const override;

 private:
  RandomKey key_;
  std::uint32_t stream_;
  double density_;
  std::uint64_t limit_;
};

}  // namespace mod::merge
