// Causal attention of one layer over one sequence's cache of keys and values, with grouped queries,
// an optional sliding window and an optional soft cap of the scores.
#pragma once

#include <cstddef>

#include "cpu/context.h"
#include "mod/dtype.h"

namespace mod::nn {

struct AttentionShape {
  int heads = 0;  // query heads; a multiple of kv_heads: heads / kv_heads queries share one K and V
  int kv_heads = 0;
  int head_dim = 0;
  float scale = 0;    // of q . k, usually 1 / sqrt(head_dim)
  int window = 0;     // a position sees itself and the window - 1 before it; 0 = all before it
  float softcap = 0;  // score = softcap * tanh(score / softcap) (Gemma 2); 0 = none
};

/// K and V of one layer of one sequence: [kv_head][capacity][head_dim], positions [0, length)
/// valid; F32 or BF16. Not owned.
struct KvView {
  const void* k = nullptr;
  const void* v = nullptr;
  DType dtype = DType::F32;
  std::size_t capacity = 0;
  std::size_t length = 0;
};

/// out[t] = sum over j of softmax_j(score(t, j)) v[j] for the positions p = p0 + t of a chunk of
/// `tokens`, j in [max(0, p - window + 1), p]. q: [tokens][heads * head_dim], rows ldq apart,
/// already rotated; out: the same, rows ldo apart, not overlapping q. The chunk's own keys and
/// values are in `kv` (length >= p0 + tokens). Online softmax over blocks of 64 positions in index
/// order: results depend neither on threads nor on how a sequence is cut into chunks.
/// Error(kInternal) for a shape or cache that does not fit. May be called from several threads at a
/// time.
void attention(const AttentionShape& shape, const float* q, std::size_t ldq, std::size_t p0,
               std::size_t tokens, const KvView& kv, float* out, std::size_t ldo,
               const Context& context);

}  // namespace mod::nn
