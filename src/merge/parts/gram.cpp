#include "merge/parts/gram.h"

#include "cpu/kernels.h"

namespace mod::merge {

void Gram::add(const Gram& other) {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
}

Gram gram_of(const cpu::Kernels& kernels, std::span<const float* const> inputs, const float* base,
             std::size_t n) {
  Gram gram(inputs.size());
  if (inputs.size() == 2) {
    double out[3];
    kernels.merge.gram(inputs[0], inputs[1], base, out, n);
    gram(0, 0) = out[0];
    gram(1, 1) = out[1];
    gram(0, 1) = out[2];
    return gram;
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      gram(i, j) = base ? kernels.reduce.dot_delta(inputs[i], inputs[j], base, n)
                        : kernels.reduce.dot(inputs[i], inputs[j], n);
    }
  }
  return gram;
}

Gram GramSums::finish() {
  Gram total(inputs_);
  for (const Gram& block : blocks_) total.add(block);
  blocks_.clear();
  return total;
}

}  // namespace mod::merge
