#include "merge/parts/mask.h"

#include <algorithm>

#include "cpu/kernels.h"

namespace mod::merge {

void BernoulliMask::flags(const Chunk& chunk, const float* /*x*/, const float* /*b*/,
                          std::uint8_t* flags) const {
  std::uint32_t* words = chunk.scratch->words(chunk.count);
  chunk.kernels->random.words(key_, chunk.first, stream_, RandomPurpose::kSparsify, words,
                              chunk.count);
  chunk.kernels->merge.flag_drawn(words, limit_, flags, chunk.count);
}

void BernoulliMask::flags_and_probabilities(const Chunk& chunk, const float* x, const float* b,
                                            std::uint8_t* flags, float* probabilities) const {
  this->flags(chunk, x, b, flags);
  std::fill_n(probabilities, chunk.count, static_cast<float>(density_));
}

}  // namespace mod::merge
