#include "nn/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cpu/parallel.h"

namespace mod::nn {
namespace {

using arch::RopeKind;
using arch::RopeSpec;

constexpr double kTurn = 2 * std::numbers::pi;

double smoothed(const RopeSpec& spec, double inverse) {
  const auto original = static_cast<double>(spec.original_context);
  const double wavelength = kTurn / inverse;
  if (wavelength < original / spec.high_freq_factor) return inverse;
  if (wavelength > original / spec.low_freq_factor) return inverse / spec.factor;
  const double share = (original / wavelength - spec.low_freq_factor) /
                       (spec.high_freq_factor - spec.low_freq_factor);
  return (1 - share) * inverse / spec.factor + share * inverse;
}

/// The pair that makes this many turns over the original context.
double pair_of_turns(const RopeSpec& spec, double turns) {
  return static_cast<double>(spec.dims) *
         std::log(static_cast<double>(spec.original_context) / (turns * kTurn)) /
         (2 * std::log(spec.theta));
}

/// Pairs that turn often keep their frequency, those that turn less than once are divided, and
/// between them it is blended.
double blended(const RopeSpec& spec, std::int64_t pair, double inverse) {
  double low = pair_of_turns(spec, spec.beta_fast), high = pair_of_turns(spec, spec.beta_slow);
  if (spec.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(spec.dims - 1));
  if (low == high) high += 0.001;
  const double share = std::clamp((static_cast<double>(pair) - low) / (high - low), 0.0, 1.0);
  return inverse / spec.factor * share + inverse * (1 - share);
}

}  // namespace

RopeFrequencies rope_frequencies(const RopeSpec& spec, std::int64_t context) {
  RopeFrequencies out;
  out.magnitude = static_cast<float>(spec.attention_factor);
  const std::vector<double>& factors =
      context > spec.original_context ? spec.long_factors : spec.short_factors;
  for (std::int64_t i = 0; i < spec.dims / 2; ++i) {
    // The exponent and the power are rounded to fp32, as in transformers.
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(spec.dims);
    const auto power = static_cast<float>(std::pow(spec.theta, static_cast<double>(exponent)));
    double inverse = 1.0f / power;
    switch (spec.kind) {
      case RopeKind::kPlain:
        break;
      case RopeKind::kLinear:
        inverse /= spec.factor;
        break;
      case RopeKind::kLlama3:
        inverse = smoothed(spec, inverse);
        break;
      case RopeKind::kYarn:
        inverse = blended(spec, i, inverse);
        break;
      case RopeKind::kLongRope:
        inverse /= factors[static_cast<std::size_t>(i)];
        break;
    }
    out.inverse.push_back(static_cast<float>(inverse));
  }
  return out;
}

void RopeAngles::set(std::span<const RopeFrequencies> ropes, std::span<const std::size_t> positions,
                     const Context& context) {
  // 32 pairs of one position take about a microsecond.
  constexpr std::size_t kRowsOfThread = 16;
  tables_.resize(ropes.size());
  for (std::size_t rope = 0; rope < ropes.size(); ++rope) {
    const RopeFrequencies& frequencies = ropes[rope];
    Table& table = tables_[rope];
    table.half = frequencies.inverse.size();
    table.values.resize(2 * table.half * positions.size());
    cpu::parallel_for(
        context.threads, positions.size(), kRowsOfThread, [&](std::size_t first, std::size_t last) {
          for (std::size_t row = first; row < last; ++row) {
            float* cosines = table.values.data() + 2 * row * table.half;
            const auto position = static_cast<float>(positions[row]);
            for (std::size_t i = 0; i < table.half; ++i) {
              // The angle is rounded to fp32: what models were trained with.
              const double angle = position * frequencies.inverse[i];
              cosines[i] = static_cast<float>(std::cos(angle)) * frequencies.magnitude;
              cosines[table.half + i] = static_cast<float>(std::sin(angle)) * frequencies.magnitude;
            }
          }
        });
  }
}

}  // namespace mod::nn
