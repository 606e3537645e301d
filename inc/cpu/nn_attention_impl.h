// The bodies behind cpu/attention_kernels.h: scores are a matrix product (few or many queries),
// values are added by tiles of queries x columns. See cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/attention_kernels.h"
#include "cpu/nn_matmul_impl.h"
#include "cpu/nn_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t kValueTile = 8;  // queries: 16 sums and 8 weights in 32 registers
#else
constexpr std::size_t kValueTile = 4;  // 8 sums and 4 weights in 16
#endif

/// Stands for "no score yet": finite, so that differences are never inf - inf.
constexpr float kLeast = -3.4028234663852886e38f;

/// A query's positions within a block, relative to its first one; `to` may be 0.
struct Range {
  std::size_t from, to;

  std::size_t count() const { return to - from; }
  bool operator==(const Range& other) const { return from == other.from && to == other.to; }
};

Range seen_in_block(const AttentionTile& tile, std::size_t query, std::size_t begin,
                    std::size_t rows) {
  const std::size_t after = (tile.first + query) / tile.group + 1;
  const std::size_t before = tile.window != 0 && after > tile.window ? after - tile.window : 0;
  const std::size_t from = before > begin ? before - begin : 0;
  const std::size_t to = after > begin ? after - begin : 0;
  const std::size_t end = to < rows ? to : rows;
  return from < end ? Range{from, end} : Range{0, 0};
}

/// What a block adds to a query: its state times `keep_old`, its own sums times `keep_new`.
struct Weights {
  float keep_old[kAttentionQueries], keep_new[kAttentionQueries];
};

/// The new largest score and the factors of both sides; `later` is the largest of what is added.
void merge_weights(float* most, const float* later, std::size_t queries, Weights& weights) {
  map(most, later, weights.keep_old, queries,
      [](Floats a, Floats b) MOD_BODY { return exp_of(a - larger(a, b)); });
  map(most, later, weights.keep_new, queries,
      [](Floats a, Floats b) MOD_BODY { return exp_of(b - larger(a, b)); });
  map(most, later, most, queries, [](Floats a, Floats b) MOD_BODY { return larger(a, b); });
}

/// Scores of one query to weights; returns their sum, and the largest score in `most`.
float weigh(float* score, std::size_t n, float softcap, float* most) {
  if (softcap != 0) soft_cap(score, softcap, score, n);
  const float found = largest(score, n);
  *most = found > kLeast ? found : kLeast;
  return static_cast<float>(exponentials<true>(score, *most, score, n));
}

/// value[q] = value[q] * keep_old + (sum over positions of weight * v) * keep_new for kQueries
/// queries from `query` that see the same positions.
template <class W, int kQueries>
void add_values(const AttentionTile& tile, const std::byte* v, Range range, const float* weight,
                std::size_t query, const Weights& weights, const AttentionState& state) {
  const std::size_t row_bytes = tile.head_dim * W::kBytes;
  for (std::size_t c = 0; c < tile.head_dim; c += kStep) {
    const bool whole = c + kStep <= tile.head_dim;
    Tile<2, kQueries> sums;
    sums.clear();
    for (std::size_t j = range.from; j < range.to; ++j) {
      const std::byte* step = v + j * row_bytes + c * W::kBytes;
      LastStep<W> last;
      if (!whole) {
        last.copy(step, tile.head_dim - c);
        step = last.bytes;
      }
      Tokens<kQueries> factor;
      factor.spread_from(weight + j, kAttentionBlock);
      const Floats parts[2] = {W::template widen<0>(step), W::template widen<1>(step)};
      sums.add_products([&parts](int half) MOD_BODY { return parts[half]; }, factor);
    }
    float* value = state.value + query * state.ldv + c;
    sums.row.add_to(value, state.ldv, weights.keep_old + query, weights.keep_new + query);
    sums.rest.row.add_to(value + kWide, state.ldv, weights.keep_old + query,
                         weights.keep_new + query);
  }
}

template <class W>
void add_block(const AttentionTile& tile, std::size_t begin, std::size_t rows,
               const AttentionState& state, float* score, float* scratch) {
  const std::size_t row_bytes = tile.head_dim * W::kBytes;
  const MatmulJob job{tile.dtype,   tile.k + begin * row_bytes,
                      rows,         tile.head_dim,
                      tile.q,       tile.ldq,
                      tile.queries, nullptr,
                      score,        kAttentionBlock};
  tile.queries <= kMostFew ? few(job) : many(job, scratch);
  Range seen[kAttentionQueries];
  float most[kAttentionQueries], sum[kAttentionQueries];
  for (std::size_t q = 0; q < tile.queries; ++q) {
    seen[q] = seen_in_block(tile, q, begin, rows);
    sum[q] =
        weigh(score + q * kAttentionBlock + seen[q].from, seen[q].count(), tile.softcap, most + q);
  }
  Weights weights;
  merge_weights(state.most, most, tile.queries, weights);
  for (std::size_t q = 0; q < tile.queries; ++q) {
    state.sum[q] = state.sum[q] * weights.keep_old[q] + sum[q] * weights.keep_new[q];
  }
  const std::byte* v = tile.v + begin * row_bytes;
  for (std::size_t q = 0; q < tile.queries;) {
    std::size_t alike = 1;
    while (alike < kValueTile && q + alike < tile.queries && seen[q + alike] == seen[q]) ++alike;
    if (seen[q].count() == 0) {
      ++q;
    } else if (alike == kValueTile) {
      add_values<W, kValueTile>(tile, v, seen[q], score + q * kAttentionBlock, q, weights, state);
      q += kValueTile;
    } else if (alike >= 2) {
      add_values<W, 2>(tile, v, seen[q], score + q * kAttentionBlock, q, weights, state);
      q += 2;
    } else {
      add_values<W, 1>(tile, v, seen[q], score + q * kAttentionBlock, q, weights, state);
      ++q;
    }
  }
}

void add_positions(const AttentionTile& tile, std::size_t begin, std::size_t end,
                   const AttentionState& state, float* scratch) noexcept {
  float* score = scratch;
  float* rest = scratch + kAttentionQueries * kAttentionBlock;
  for (std::size_t at = begin; at < end; at += kAttentionBlock) {
    const std::size_t rows = end - at < kAttentionBlock ? end - at : kAttentionBlock;
    with_weights(tile.dtype, [&](auto weights) {
      add_block<decltype(weights)>(tile, at, rows, state, score, rest);
    });
  }
}

void clear_state(const AttentionState& state, std::size_t queries, std::size_t head_dim) noexcept {
  for (std::size_t q = 0; q < queries; ++q) {
    state.most[q] = kLeast;
    state.sum[q] = 0;
    __builtin_memset(state.value + q * state.ldv, 0,
                     (head_dim + kStep - 1) / kStep * kStep * sizeof(float));
  }
}

void merge_states(const AttentionState& later, const AttentionState& state, std::size_t queries,
                  std::size_t head_dim) noexcept {
  Weights weights;
  merge_weights(state.most, later.most, queries, weights);
  for (std::size_t q = 0; q < queries; ++q) {
    const float old = weights.keep_old[q], add = weights.keep_new[q];
    state.sum[q] = state.sum[q] * old + later.sum[q] * add;
    float* value = state.value + q * state.ldv;
    map(value, later.value + q * later.ldv, value, (head_dim + kStep - 1) / kStep * kStep,
        [old, add](Floats a, Floats b) MOD_BODY { return multiply_add(b, all(add), a * old); });
  }
}

void finish_query(DType dtype, const AttentionState& state, std::size_t query, std::size_t head_dim,
                  float* out) noexcept {
  const float* value = state.value + query * state.ldv;
  const float sum = state.sum[query];
  for (std::size_t c = 0; c < head_dim; c += kStep) {
    Floats first = load(value + c) / sum, second = load(value + c + kWide) / sum;
    if (dtype == DType::BF16) join_lanes(first, second, first, second);
    float step[kStep];
    store(first, step);
    store(second, step + kWide);
    const std::size_t n = head_dim - c < kStep ? head_dim - c : kStep;
    __builtin_memcpy(out + c, step, n * sizeof(float));
  }
}

constexpr AttentionKernels make_attention_kernels() {
  return {.scratch = kAttentionQueries * kAttentionBlock + make_matmul_kernels().many_scratch,
          .clear = clear_state,
          .add = add_positions,
          .merge = merge_states,
          .finish = finish_query};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
