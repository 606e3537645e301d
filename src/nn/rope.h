// Rotary positions: frequencies of a model, and cosines and sines of the positions in a pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arch/run_spec.h"
#include "cpu/context.h"

namespace mod::nn {

struct RopeFrequencies {
  std::vector<float> inverse;  // angle of pair i at position p: p * inverse[i]
  float magnitude = 1;         // of cosine and sine
};

/// Formulas as transformers computes them: theta^(-2i/dims), then linear (position interpolation,
/// arXiv 2306.15595), llama3 (Llama 3.1's smoothed division by wavelength), yarn (arXiv 2309.00071,
/// section 3.2) or longrope (arXiv 2402.13753: a divisor for each pair, the long ones where
/// `context` is beyond the model's original one).
RopeFrequencies rope_frequencies(const arch::RopeSpec& spec, std::int64_t context);

/// Cosines and sines for the rows of a pass: nothing is kept for positions that are not in it, so a
/// long context costs no memory. Reused from pass to pass.
class RopeAngles {
 public:
  /// `ropes` are the frequencies of one model, `positions` those of its rows.
  void set(std::span<const RopeFrequencies> ropes, std::span<const std::size_t> positions,
           const Context& context);

  /// Half as many numbers as dimensions are rotated.
  std::size_t half(std::size_t rope) const { return tables_[rope].half; }
  const float* cos(std::size_t rope, std::size_t row) const {
    return tables_[rope].values.data() + 2 * row * tables_[rope].half;
  }
  const float* sin(std::size_t rope, std::size_t row) const {
    return cos(rope, row) + tables_[rope].half;
  }

 private:
  struct Table {
    std::size_t half = 0;
    std::vector<float> values;  // [row][cos, sin][half]
  };
  std::vector<Table> tables_;
};

}  // namespace mod::nn
