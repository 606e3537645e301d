// Attention of some queries over a run of positions of one key-value head, for one thread. See
// nn/attention.h.
#pragma once

#include <cstddef>

#include "mod/dtype.h"

namespace mod::cpu {

/// Positions that are worked on together; runs begin at multiples of it.
inline constexpr std::size_t kAttentionBlock = 64;
/// The most queries of one tile.
inline constexpr std::size_t kAttentionQueries = 64;

/// Queries that share one head of keys and values. Query u stands at position (first + u) / group
/// and attends to it and the window - 1 positions before it.
struct AttentionTile {
  DType dtype;             // of k and v: F32 or BF16
  const std::byte *k, *v;  // position 0 of this head; head_dim elements a position
  std::size_t head_dim;
  const float* q;  // scaled, then made by MatmulKernels::prepare; ldq apart
  std::size_t ldq;
  std::size_t queries;  // at most kAttentionQueries
  std::size_t first, group;
  std::size_t window;  // 0: no limit
  float softcap;       // 0: none
};

/// For each query the largest score so far, the sum of e^(score - largest) and the sum of values
/// with these weights, in the order of `prepare`. Not owned.
struct AttentionState {
  float* most;
  float* sum;
  float* value;
  std::size_t ldv;  // at least MatmulKernels::padded(head_dim)
};

/// A block's own sums are made first and then merged into the state, in the order of the blocks. So
/// a query's bits do not depend on the tile it is in.
struct AttentionKernels {
  std::size_t scratch;  // floats that a call of `add` needs

  void (*clear)(const AttentionState& state, std::size_t queries, std::size_t head_dim) noexcept;
  /// Adds the positions [begin, end) that each query sees; begin is a multiple of kAttentionBlock,
  /// and all positions before `end` are there.
  void (*add)(const AttentionTile& tile, std::size_t begin, std::size_t end,
              const AttentionState& state, float* scratch) noexcept;
  /// Merges the state of later positions into `state`.
  void (*merge)(const AttentionState& later, const AttentionState& state, std::size_t queries,
                std::size_t head_dim) noexcept;
  /// out = the attention of one query, in plain order.
  void (*finish)(DType dtype, const AttentionState& state, std::size_t query, std::size_t head_dim,
                 float* out) noexcept;
};

}  // namespace mod::cpu
