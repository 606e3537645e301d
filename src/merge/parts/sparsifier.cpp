#include "merge/parts/sparsifier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "cpu/kernels.h"

namespace mod::merge {

void KeepAll::apply(const Chunk& chunk, const float* x, const float* b, float f, float* v) const {
  chunk.kernels->merge.delta(f, x, b, v, chunk.count);
}

void KeepNone::apply(const Chunk& chunk, const float* /*x*/, const float* /*b*/, float /*f*/,
                     float* v) const {
  std::fill_n(v, chunk.count, 0.0f);
}

void NormSums::add(std::uint64_t block, double before, double after) {
  sums_[block].before += before;
  sums_[block].after += after;
}

double NormSums::ratio() const {
  Pair total{0, 0};
  for (const Pair& sum : sums_) {
    total.before += sum.before;
    total.after += sum.after;
  }
  if (total.before < 1e-7 || total.after < 1e-7) return 1;
  const double ratio = total.before / total.after;
  return std::isfinite(ratio) ? ratio : 1;
}

MagnitudeSparsifier::MagnitudeSparsifier(std::uint64_t elements, Range range, bool rescale,
                                         SelectOptions options)
    : range_(range),
      selector_(KeyOrder::kMagnitude, elements, {range.from, range.to}, options),
      norms_wanted_(rescale) {}

void MagnitudeSparsifier::begin_pass(std::uint64_t blocks) {
  if (selector_.wants_pass()) {
    selector_.begin_pass(blocks);
  } else {
    norms_.begin(blocks);
  }
}

void MagnitudeSparsifier::accumulate(const Chunk& chunk, const float* x, const float* b) {
  if (selector_.wants_pass()) {
    selector_.accumulate(chunk, x, b);
    return;
  }
  float* v = chunk.scratch->floats(chunk.count);
  const auto& reduce = chunk.kernels->reduce;
  chunk.kernels->merge.delta(1, x, b, v, chunk.count);
  const double before = reduce.sum_abs(v, chunk.count);
  apply(chunk, x, b, 1, v);
  norms_.add(chunk.block, before, reduce.sum_abs(v, chunk.count));
}

void MagnitudeSparsifier::end_pass() {
  if (selector_.wants_pass()) {
    selector_.end_pass();
  } else {
    ratio_ = norms_.ratio();
    norms_wanted_ = false;
  }
}

void MagnitudeSparsifier::apply(const Chunk& chunk, const float* x, const float* b, float f,
                                float* v) const {
  const auto& cuts = selector_.cuts();
  chunk.kernels->merge.delta_between(f, x, b, chunk.first, cuts[0], cuts[1], v, chunk.count);
}

Facts MagnitudeSparsifier::facts() const {
  const auto magnitude = [](cpu::Cut cut) {
    return static_cast<double>(std::bit_cast<float>(cpu::kZeroMagnitudeKey - cut.key));
  };
  Facts facts{{"kept", static_cast<double>(range_.to - range_.from)},
              {"threshold", magnitude(selector_.cuts()[1])}};
  if (range_.from > 0) facts.emplace_back("upper_threshold", magnitude(selector_.cuts()[0]));
  if (range_.raised) facts.emplace_back("k_raised", 1);
  if (ratio_ != 1) facts.emplace_back("scale", ratio_);
  return facts;
}

RandomSparsifier::RandomSparsifier(std::unique_ptr<MaskSource> mask, std::uint64_t elements,
                                   RandomScale scale, std::uint64_t mask_bytes)
    : mask_(std::move(mask)),
      scale_(scale),
      norms_wanted_(scale == RandomScale::kL1),
      keeps_bits_(norms_wanted_ && elements / 8 <= mask_bytes),
      block_(block_elements(mask_->unit())),
      elements_(elements) {}

void RandomSparsifier::begin_pass(std::uint64_t blocks) {
  norms_.begin(blocks);
  kept_.assign(blocks, 0);
  if (keeps_bits_) bits_.assign(blocks * block_bytes() + 4, 0);  // delta_packed reads ahead
}

void RandomSparsifier::accumulate(const Chunk& chunk, const float* x, const float* b) {
  std::uint8_t* flags = chunk.scratch->bytes(chunk.count);
  mask_->flags(chunk, x, b, flags);
  double sums[2];
  chunk.kernels->merge.flagged_norms(x, b, flags, sums, chunk.count);
  norms_.add(chunk.block, sums[0], sums[1]);
  kept_[chunk.block] += chunk.kernels->merge.count_flags(flags, chunk.count);
  if (!keeps_bits_) return;
  chunk.kernels->merge.pack_flags(flags, bits_.data() + chunk.block * block_bytes(),
                                  chunk.first - chunk.block * block_, chunk.count);
}

void RandomSparsifier::end_pass() {
  ratio_ = norms_.ratio();
  norms_wanted_ = false;
}

void RandomSparsifier::apply(const Chunk& chunk, const float* x, const float* b, float f,
                             float* v) const {
  const cpu::MergeKernels& kernels = chunk.kernels->merge;
  if (!bits_.empty()) {
    kernels.delta_packed(f, x, b, bits_.data() + chunk.block * block_bytes(),
                         chunk.first - chunk.block * block_, v, chunk.count);
    return;
  }
  std::uint8_t* flags = chunk.scratch->bytes(chunk.count);
  if (scale_ != RandomScale::kInverseProbability) {
    mask_->flags(chunk, x, b, flags);
    kernels.delta_flagged(f, x, b, flags, v, chunk.count);
    return;
  }
  float* probabilities = chunk.scratch->floats(chunk.count);
  mask_->flags_and_probabilities(chunk, x, b, flags, probabilities);
  kernels.delta_flagged(1, x, b, flags, v, chunk.count);
  for (std::size_t i = 0; i < chunk.count; ++i) v[i] *= f / probabilities[i];
}

Facts RandomSparsifier::facts() const {
  Facts facts;
  if (!kept_.empty()) {
    facts.emplace_back(
        "kept", static_cast<double>(std::accumulate(kept_.begin(), kept_.end(), std::uint64_t{0})));
  }
  facts.emplace_back("scale", ratio_);
  return facts;
}

std::uint64_t RandomSparsifier::state_bytes() const {
  return keeps_bits_ ? elements_ / 8 + elements_ / block_ + 16 : 0;
}

}  // namespace mod::merge
