#include "merge/parts/weighted_sum.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/kernels.h"

namespace mod::merge {

WeightedSum::WeightedSum(const std::vector<double>& factors) {
  std::size_t largest = 0;
  double error = 0;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (factors[i] == 0) continue;
    const float rounded = static_cast<float>(factors[i]);
    if (terms_.empty() || std::abs(factors[i]) > std::abs(factors[terms_[largest].input])) {
      largest = terms_.size();
    }
    terms_.push_back({i, rounded});
    error += factors[i] - static_cast<double>(rounded);
  }
  if (terms_.empty()) return;
  Term& term = terms_[largest];
  const double own = factors[term.input] - static_cast<double>(term.factor);
  term.factor = static_cast<float>(factors[term.input] + (error - own));
}

void WeightedSum::combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const {
  const cpu::MergeKernels& kernels = chunk.kernels->merge;
  const std::size_t n = chunk.count;
  for (const Term& term : terms_) taken[term.input] += n;
  if (terms_.empty()) {
    std::fill_n(out, n, 0.0f);
    return;
  }
  const Term& first = terms_[0];
  const float* x = chunk.inputs[first.input];
  if (terms_.size() == 1) {
    if (first.factor == 1) {
      std::memcpy(out, x, n * sizeof(float));
    } else {
      kernels.scale(first.factor, x, out, n);
    }
    return;
  }
  kernels.blend(first.factor, x, terms_[1].factor, chunk.inputs[terms_[1].input], out, n);
  for (std::size_t t = 2; t < terms_.size(); ++t) {
    kernels.add_scaled(terms_[t].factor, chunk.inputs[terms_[t].input], out, n);
  }
}

}  // namespace mod::merge
