// What is kept of one model's delta, and how the rest is scaled up: one sparsifier a model and
// tensor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "merge/method.h"
#include "merge/parts/mask.h"
#include "merge/select.h"

namespace mod::merge {

using Facts = std::vector<std::pair<std::string, double>>;

/// Passes as in merge::Kernel. x and b hold the chunk's elements of the model and of the base.
class Sparsifier {
 public:
  virtual ~Sparsifier() = default;
  virtual std::uint64_t unit() const { return 1; }
  virtual bool wants_pass() const { return false; }
  virtual Visit visit() const { return {}; }
  virtual void begin_pass(std::uint64_t /*blocks*/) {}
  virtual void accumulate(const Chunk& /*chunk*/, const float* /*x*/, const float* /*b*/) {}
  virtual void end_pass() {}

  /// v = f * (the kept part of x - b); 0 elsewhere. f contains rescale().
  virtual void apply(const Chunk& chunk, const float* x, const float* b, float f,
                     float* v) const = 0;
  /// Factor for the survivors, the same for the whole tensor.
  virtual double rescale() const { return 1; }
  virtual Facts facts() const { return {}; }
  virtual std::uint64_t state_bytes() const { return 0; }
};

/// The whole delta.
class KeepAll final : public Sparsifier {
 public:
  void apply(const Chunk& chunk, const float* x, const float* b, float f, float* v) const override;
};

/// Nothing (density 0).
class KeepNone final : public Sparsifier {
 public:
  void apply(const Chunk& chunk, const float* x, const float* b, float f, float* v) const override;
};

/// L1 norms of a delta before and after, summed per block and then in block order.
class NormSums {
 public:
  void begin(std::uint64_t blocks) { sums_.assign(blocks, {0, 0}); }
  void add(std::uint64_t block, double before, double after);
  /// before / after; 1 where either is below 1e-7 or the ratio is not finite.
  double ratio() const;

 private:
  struct Pair {
    double before, after;
  };
  std::vector<Pair> sums_;
};

/// Elements from position `from` up to `to` of the order of descending magnitude.
class MagnitudeSparsifier final : public Sparsifier {
 public:
  struct Range {
    std::uint64_t from = 0, to = 0;
    bool raised = false;  // a density above 0 asked for less than one element
  };

  MagnitudeSparsifier(std::uint64_t elements, Range range, bool rescale, SelectOptions options);

  bool wants_pass() const override { return selector_.wants_pass() || norms_wanted_; }
  Visit visit() const override { return selector_.visit(); }
  void begin_pass(std::uint64_t blocks) override;
  void accumulate(const Chunk& chunk, const float* x, const float* b) override;
  void end_pass() override;
  void apply(const Chunk& chunk, const float* x, const float* b, float f, float* v) const override;
  double rescale() const override { return ratio_; }
  Facts facts() const override;
  std::uint64_t state_bytes() const override { return selector_.state_bytes(); }

 private:
  Range range_;
  Selector selector_;
  bool norms_wanted_;
  NormSums norms_;
  double ratio_ = 1;
};

enum class RandomScale { kNone, kL1, kInverseProbability };

/// Elements kept by a random mask.
class RandomSparsifier final : public Sparsifier {
 public:
  /// Masks of up to `mask_bytes` are kept from the pass over the norms; larger ones are drawn
  /// again.
  RandomSparsifier(std::unique_ptr<MaskSource> mask, std::uint64_t elements, RandomScale scale,
                   std::uint64_t mask_bytes);

  std::uint64_t unit() const override { return mask_->unit(); }
  bool wants_pass() const override { return norms_wanted_; }
  void begin_pass(std::uint64_t blocks) override;
  void accumulate(const Chunk& chunk, const float* x, const float* b) override;
  void end_pass() override;
  void apply(const Chunk& chunk, const float* x, const float* b, float f, float* v) const override;
  double rescale() const override { return ratio_; }
  Facts facts() const override;
  std::uint64_t state_bytes() const override;

 private:
  std::uint64_t block_bytes() const { return (std::min(block_, elements_) + 7) / 8; }

  std::unique_ptr<MaskSource> mask_;
  RandomScale scale_;
  bool norms_wanted_, keeps_bits_;
  std::uint64_t block_, elements_;   // elements
  std::vector<std::uint8_t> bits_;   // each block starts at a byte
  std::vector<std::uint64_t> kept_;  // [block]
  NormSums norms_;
  double ratio_ = 1;
};

}  // namespace mod::merge
