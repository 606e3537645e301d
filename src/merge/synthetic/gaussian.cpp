#include "merge/synthetic/gaussian.h"

namespace mod::merge {
namespace {

// Mean and deviation of gaussian_steps over uniform words, in its steps of 2^-14.
constexpr float kMeanSteps = 510 * 16384 + 8191.5f;
constexpr double kDeviationSteps = 147.8009 * 16384;

}  // namespace

void fill_gaussian(const GaussianSource& source, std::uint64_t first, const cpu::Kernels& kernels,
                   std::uint32_t* words, float* out, std::size_t n, bool add) {
  kernels.random.words(source.key, first, source.stream, RandomPurpose::kNoise, words, n);
  const float scale = static_cast<float>(source.deviation / kDeviationSteps);
  const float mean = source.mean;
  if (add) {
    for (std::size_t i = 0; i < n; ++i) {
      const float steps = static_cast<float>(static_cast<std::int32_t>(gaussian_steps(words[i])));
      out[i] += mean + (steps - kMeanSteps) * scale;
    }
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const float steps = static_cast<float>(static_cast<std::int32_t>(gaussian_steps(words[i])));
    out[i] = mean + (steps - kMeanSteps) * scale;
  }
}

}  // namespace mod::merge
