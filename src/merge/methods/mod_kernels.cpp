#include "merge/methods/mod_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/random.h"
#include "cpu/kernels.h"
#include "merge/select.h"

namespace mod::merge {
namespace {

/// C_0, C_0 + C_1, ...: the upper bounds of all experts but the last.
std::vector<double> cumulative(const std::vector<double>& weights) {
  std::vector<double> bounds;
  double sum = 0;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) bounds.push_back(sum += weights[i]);
  return bounds;
}

/// The last expert with a weight takes what rounding leaves over; those behind it get nothing.
std::size_t last_weighted(const std::vector<double>& weights) {
  std::size_t last = weights.size() - 1;
  while (last > 0 && weights[last] == 0) --last;
  return last;
}

/// Experts in layers: expert `last` everywhere, then from the one before down to 0 those elements
/// that lie below its bound. choose(i, x, z, out) puts x there, z elsewhere, and counts.
template <class Choose>
void layer(const Chunk& chunk, std::size_t last, float* out, std::span<std::uint64_t> taken,
           Choose&& choose) {
  std::size_t behind = chunk.count;
  const float* z = chunk.inputs[last];
  for (std::size_t i = last; i-- > 0;) {
    const std::size_t below = choose(i, chunk.inputs[i], z, out);
    taken[i + 1] += behind - below;
    behind = below;
    z = out;
  }
  taken[0] += behind;
  if (last == 0) std::memcpy(out, z, chunk.count * sizeof(float));
}

class ModKernel : public Kernel {
 public:
  explicit ModKernel(const TensorSpec& spec)
      : bf16_(spec.compute == Compute::kBf16), rounds_(bf16_ && spec.output != DType::BF16) {}

 protected:
  /// Rounding to bf16 keeps the order, so that it is done once, on the result; for a bf16 output it
  /// happens anyway.
  void finish(const Chunk& chunk, float* out) const {
    if (rounds_) chunk.kernels->convert.round_to_bf16(out, chunk.count);
  }

  bool bf16_;
  bool rounds_;
};

/// One value as the reference computes it.
class ReferenceScale {
 public:
  ReferenceScale(float min, float max, bool bf16, const cpu::Kernels& kernels)
      : bf16_(bf16), kernels_(kernels), min_(rounded(min)), constant_(min_ == rounded(max)) {
    range_ = rounded(rounded(max) - min_);
  }

  float rounded(float x) const {
    if (bf16_) kernels_.convert.round_to_bf16(&x, 1);
    return x;
  }

  /// Whether an element of expert 0 with this value lies below the bound.
  bool below(float value, float bound) const {
    const float scaled = constant_ ? 0 : rounded(rounded(rounded(value) - min_) / range_);
    return scaled < bound;
  }

 private:
  bool bf16_;
  const cpu::Kernels& kernels_;
  float min_, range_ = 0;
  bool constant_;
};

std::int32_t ordered(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  return bits < 0 ? std::numeric_limits<std::int32_t>::min() - bits : bits;
}

float from_ordered(std::int32_t place) {
  return std::bit_cast<float>(place < 0 ? std::numeric_limits<std::int32_t>::min() - place : place);
}

/// The scaled value grows with the value, so each bound is one value of expert 0: the largest that
/// lies below it. NaN if none does, infinity if all do.
float largest_below(const ReferenceScale& scale, float min, float max, float bound) {
  if (!scale.below(min, bound)) return std::numeric_limits<float>::quiet_NaN();
  if (scale.below(max, bound)) return std::numeric_limits<float>::infinity();
  std::int64_t yes = ordered(min), no = ordered(max);
  while (no - yes > 1) {
    const std::int64_t middle = yes + (no - yes) / 2;
    (scale.below(from_ordered(static_cast<std::int32_t>(middle)), bound) ? yes : no) = middle;
  }
  return from_ordered(static_cast<std::int32_t>(yes));
}

class ReferenceKernel final : public ModKernel {
 public:
  ReferenceKernel(const TensorSpec& spec, const std::vector<double>& weights,
                  const cpu::Kernels& kernels)
      : ModKernel(spec), kernels_(kernels), weights_(weights) {}

  bool wants_pass() const override { return !ready_; }
  bool reads_input(int input) const override { return input == 0; }
  void begin_pass(std::uint64_t blocks) override {
    blocks_.assign(blocks, {});
    stride_ = blocks < 64 ? 1 : 8;
  }

  void accumulate(const Chunk& chunk) override {
    const float* x = chunk.inputs[0];
    const cpu::MinMax extremes = chunk.kernels->reduce.min_max(x, chunk.count);
    Block& block = blocks_[chunk.block];
    block.min = std::min(block.min, extremes.min);
    block.max = std::max(block.max, extremes.max);
    block.has_nan |= extremes.has_nan;
    if (chunk.block % stride_ != 0) return;
    block.sum += chunk.kernels->reduce.sum(x, chunk.count);
    block.squares += chunk.kernels->reduce.dot(x, x, chunk.count);
    block.measured += chunk.count;
  }

  void end_pass() override {
    Block all;
    for (const Block& block : blocks_) {
      all.min = std::min(all.min, block.min);
      all.max = std::max(all.max, block.max);
      all.has_nan |= block.has_nan;
      all.sum += block.sum;
      all.squares += block.squares;
      all.measured += block.measured;
    }
    blocks_.clear();
    set_bounds(all);
    set_facts(all);
    ready_ = true;
  }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    layer(chunk, weights_.size() - 1, out, taken,
          [&](std::size_t i, const float* x, const float* z, float* y) {
            return chunk.kernels->merge.choose_at_most(chunk.inputs[0], bounds_[i], x, z, y,
                                                       chunk.count);
          });
    finish(chunk, out);
  }

  std::vector<std::pair<std::string, double>> facts() const override { return facts_; }

 private:
  struct Block {
    float min = std::numeric_limits<float>::infinity();
    float max = -std::numeric_limits<float>::infinity();
    bool has_nan = false;
    double sum = 0, squares = 0;
    std::uint64_t measured = 0;  // elements in these sums
  };

  void set_bounds(const Block& all) {
    const ReferenceScale scale(all.min, all.max, bf16_, kernels_);
    for (const double bound : cumulative(weights_)) {
      // With a NaN both extremes are NaN in the reference, and every comparison is false.
      bounds_.push_back(all.has_nan ? std::numeric_limits<float>::quiet_NaN()
                                    : largest_below(scale, all.min, all.max,
                                                    scale.rounded(static_cast<float>(bound))));
    }
  }

  void set_facts(const Block& all) {
    const auto n = static_cast<double>(all.measured);
    const double mean = all.sum / n;
    const double deviation = std::sqrt(std::max(all.squares / n - mean * mean, 0.0));
    if (deviation > 0) {
      facts_ = {{"min_in_deviations", (all.min - mean) / deviation},
                {"max_in_deviations", (all.max - mean) / deviation}};
    }
  }

  const cpu::Kernels& kernels_;
  std::vector<double> weights_;
  std::vector<Block> blocks_;
  std::uint64_t stride_ = 1;  // blocks whose deviation is measured: enough for a report
  bool ready_ = false;
  std::vector<float> bounds_;  // of expert 0's value, inclusive
  std::vector<std::pair<std::string, double>> facts_;
};

class RandomKernel final : public ModKernel {
 public:
  RandomKernel(const TensorSpec& spec, const std::vector<double>& weights)
      : ModKernel(spec), key_(random_key(spec.seed, spec.name)), last_(last_weighted(weights)) {
    for (const double bound : cumulative(weights)) limits_.push_back(random_limit(bound));
  }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    std::uint32_t* words = chunk.scratch->words(chunk.count);
    chunk.kernels->random.words(key_, chunk.first, 0, RandomPurpose::kSelect, words, chunk.count);
    layer(chunk, last_, out, taken, [&](std::size_t i, const float* x, const float* z, float* y) {
      return chunk.kernels->merge.choose_drawn(words, limits_[i], x, z, y, chunk.count);
    });
    finish(chunk, out);
  }

 private:
  RandomKey key_;
  std::size_t last_;
  std::vector<std::uint64_t> limits_;
};

class RankKernel final : public ModKernel {
 public:
  RankKernel(const TensorSpec& spec, const std::vector<double>& weights)
      : ModKernel(spec),
        last_(spec.elements == 1 ? 0 : last_weighted(weights)),
        selector_(KeyOrder::kValue, spec.elements, positions(spec, weights)) {}

  bool wants_pass() const override { return selector_.wants_pass(); }
  bool reads_input(int input) const override { return input == 0; }
  Visit visit() const override { return selector_.visit(); }
  void begin_pass(std::uint64_t blocks) override { selector_.begin_pass(blocks); }
  void accumulate(const Chunk& chunk) override {
    selector_.accumulate(chunk, values(chunk), nullptr);
  }
  void end_pass() override { selector_.end_pass(); }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    std::uint32_t* keys = chunk.scratch->words(chunk.count);
    chunk.kernels->merge.value_keys(values(chunk), keys, chunk.count);
    layer(chunk, last_, out, taken, [&](std::size_t i, const float* x, const float* z, float* y) {
      return chunk.kernels->merge.choose_before(keys, chunk.first, selector_.cuts()[i], x, z, y,
                                                chunk.count);
    });
    finish(chunk, out);
  }

  std::uint64_t state_bytes() const override { return selector_.state_bytes(); }

 private:
  /// How many ranks lie below each bound: rank < C (n - 1).
  static std::vector<std::uint64_t> positions(const TensorSpec& spec,
                                              const std::vector<double>& weights) {
    std::vector<std::uint64_t> list;
    const auto ranks = static_cast<double>(spec.elements) - 1;
    for (const double bound : cumulative(weights)) {
      list.push_back(static_cast<std::uint64_t>(std::ceil(std::max(bound * ranks, 0.0))));
    }
    return list;
  }

  const float* values(const Chunk& chunk) const {
    if (!bf16_) return chunk.inputs[0];
    float* x = chunk.scratch->floats(chunk.count);
    std::memcpy(x, chunk.inputs[0], chunk.count * sizeof(float));
    chunk.kernels->convert.round_to_bf16(x, chunk.count);
    return x;
  }

  std::size_t last_;
  Selector selector_;
};

}  // namespace

std::unique_ptr<Kernel> make_mod_reference(const TensorSpec& spec,
                                           const std::vector<double>& weights,
                                           const cpu::Kernels& kernels) {
  return std::make_unique<ReferenceKernel>(spec, weights, kernels);
}

std::unique_ptr<Kernel> make_mod_random(const TensorSpec& spec,
                                        const std::vector<double>& weights) {
  return std::make_unique<RandomKernel>(spec, weights);
}

std::unique_ptr<Kernel> make_mod_rank(const TensorSpec& spec, const std::vector<double>& weights) {
  return std::make_unique<RankKernel>(spec, weights);
}

}  // namespace mod::merge
