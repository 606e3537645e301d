#include "nn/attention.h"

#include <algorithm>
#include <vector>

#include "cpu/nn_kernels.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "mod/error.h"

namespace mod::nn {
namespace {

/// Positions whose state is made on its own and then merged, in order: what threads can share when
/// there are fewer tiles than threads. Fixed, so that results do not depend on them.
constexpr std::size_t kSegment = 8 * cpu::kAttentionBlock;
/// Multiply-adds that are worth a thread.
constexpr std::size_t kWorkOfThread = 128 << 10;

/// The state of some queries, with its memory.
class State {
 public:
  State(std::size_t queries, std::size_t ldv)
      : floats_(queries * ldv + 2 * room(queries)),
        view_{floats_.data(), floats_.data() + room(queries), floats_.data() + 2 * room(queries),
              ldv} {}

  const cpu::AttentionState& view() const { return view_; }

 private:
  static std::size_t room(std::size_t queries) { return (queries + 15) / 16 * 16; }

  cpu::Scratch floats_;
  cpu::AttentionState view_;
};

struct Call {
  const AttentionShape& shape;
  const float* q;
  std::size_t ldq, p0, tokens;
  const KvView& kv;
  float* out;
  std::size_t ldo;
};

/// Queries [first, first + queries) of the (token, head of the group) pairs of one key-value head.
class Work {
 public:
  Work(const Call& call, const cpu::NnKernels& kernels, std::size_t tile)
      : call_(call),
        kernels_(kernels),
        dim_(static_cast<std::size_t>(call.shape.head_dim)),
        group_(static_cast<std::size_t>(call.shape.heads / call.shape.kv_heads)),
        ld_(kernels.matmul.padded(dim_) + 16) {
    const std::size_t tiles = tiles_of_head(call);
    kv_head_ = tile / tiles;
    first_ = tile % tiles * cpu::kAttentionQueries;
    queries_ = std::min(cpu::kAttentionQueries, call.tokens * group_ - first_);
  }

  static std::size_t tiles_of_head(const Call& call) {
    const auto group = static_cast<std::size_t>(call.shape.heads / call.shape.kv_heads);
    return (call.tokens * group + cpu::kAttentionQueries - 1) / cpu::kAttentionQueries;
  }

  /// The segments that some query of the tile sees: [begin, end).
  std::size_t first_segment() const {
    const std::size_t after = position(0) + 1,
                      window = static_cast<std::size_t>(call_.shape.window);
    return window != 0 && after > window ? (after - window) / kSegment : 0;
  }
  std::size_t end_segment() const { return position(queries_ - 1) / kSegment + 1; }

  State new_state() const { return State(queries_, kernels_.matmul.padded(dim_)); }

  /// Queries scaled and in the order of the kernels.
  void prepare(float* ready) const {
    float* const scaled = ready + queries_ * ld_;
    for (std::size_t u = 0; u < queries_; ++u) {
      kernels_.vector.scale(call_.shape.scale, call_.q + place(u, call_.ldq), scaled, dim_);
      kernels_.matmul.prepare(call_.kv.dtype, scaled, dim_, ready + u * ld_);
    }
  }
  std::size_t ready_floats() const { return (queries_ + 1) * ld_; }

  void clear(const State& state) const { kernels_.attention.clear(state.view(), queries_, dim_); }

  void add_segment(const float* ready, std::size_t segment, const State& state,
                   float* scratch) const {
    const std::size_t head_bytes = kv_head_ * call_.kv.capacity * dim_ * dtype_size(call_.kv.dtype);
    const cpu::AttentionTile tile{.dtype = call_.kv.dtype,
                                  .k = static_cast<const std::byte*>(call_.kv.k) + head_bytes,
                                  .v = static_cast<const std::byte*>(call_.kv.v) + head_bytes,
                                  .head_dim = dim_,
                                  .q = ready,
                                  .ldq = ld_,
                                  .queries = queries_,
                                  .first = call_.p0 * group_ + first_,
                                  .group = group_,
                                  .window = static_cast<std::size_t>(call_.shape.window),
                                  .softcap = call_.shape.softcap};
    const std::size_t window = tile.window, after = position(0) + 1;
    const std::size_t seen = window != 0 && after > window ? after - window : 0;
    const std::size_t begin =
        std::max(segment * kSegment, seen / cpu::kAttentionBlock * cpu::kAttentionBlock);
    const std::size_t end = std::min((segment + 1) * kSegment, position(queries_ - 1) + 1);
    kernels_.attention.add(tile, begin, end, state.view(), scratch);
  }

  void merge(const State& later, const State& state) const {
    kernels_.attention.merge(later.view(), state.view(), queries_, dim_);
  }

  void finish(const State& state) const {
    for (std::size_t u = 0; u < queries_; ++u) {
      kernels_.attention.finish(call_.kv.dtype, state.view(), u, dim_,
                                call_.out + place(u, call_.ldo));
    }
  }

 private:
  std::size_t position(std::size_t u) const { return call_.p0 + (first_ + u) / group_; }
  /// Where a query (or its result) lies in rows that are `ld` apart.
  std::size_t place(std::size_t u, std::size_t ld) const {
    const std::size_t token = (first_ + u) / group_, head = (first_ + u) % group_;
    return token * ld + (kv_head_ * group_ + head) * dim_;
  }

  const Call& call_;
  const cpu::NnKernels& kernels_;
  std::size_t dim_, group_, ld_;
  std::size_t kv_head_, first_, queries_;
};

/// Every tile by one thread. The later a tile, the more positions it sees: dealt out in turn.
void by_tiles(const Call& call, const cpu::NnKernels& kernels, std::size_t tiles, int threads) {
  cpu::parallel_parts(threads, [&](int part, int parts) {
    const cpu::Scratch scratch(kernels.attention.scratch);
    for (auto t = static_cast<std::size_t>(part); t < tiles; t += static_cast<std::size_t>(parts)) {
      const Work work(call, kernels, t);
      const cpu::Scratch ready(work.ready_floats());
      work.prepare(ready.data());
      const State total = work.new_state(), own = work.new_state();
      work.clear(total);
      for (std::size_t s = work.first_segment(); s < work.end_segment(); ++s) {
        work.clear(own);
        work.add_segment(ready.data(), s, own, scratch.data());
        work.merge(own, total);
      }
      work.finish(total);
    }
  });
}

/// Every segment of every tile by any thread, then merged in order.
void by_segments(const Call& call, const cpu::NnKernels& kernels, std::size_t tiles, int threads) {
  struct Unit {
    std::size_t tile, segment;
  };
  std::vector<Unit> units;
  std::vector<State> states;
  for (std::size_t t = 0; t < tiles; ++t) {
    const Work work(call, kernels, t);
    for (std::size_t s = work.first_segment(); s < work.end_segment(); ++s) {
      units.push_back({t, s});
      states.push_back(work.new_state());
    }
  }
  cpu::parallel_for(threads, units.size(), 1, [&](std::size_t begin, std::size_t end) {
    const cpu::Scratch scratch(kernels.attention.scratch);
    for (std::size_t i = begin; i < end; ++i) {
      const Work work(call, kernels, units[i].tile);
      const cpu::Scratch ready(work.ready_floats());
      work.prepare(ready.data());
      work.clear(states[i]);
      work.add_segment(ready.data(), units[i].segment, states[i], scratch.data());
    }
  });
  for (std::size_t i = 0; i < units.size();) {
    const Work work(call, kernels, units[i].tile);
    const State total = work.new_state();
    work.clear(total);
    const std::size_t tile = units[i].tile;
    for (; i < units.size() && units[i].tile == tile; ++i) work.merge(states[i], total);
    work.finish(total);
  }
}

void check(const AttentionShape& shape, std::size_t p0, std::size_t tokens, const KvView& kv) {
  const bool shape_fits = shape.heads > 0 && shape.kv_heads > 0 && shape.head_dim > 0 &&
                          shape.window >= 0 && shape.heads % shape.kv_heads == 0;
  const bool cache_fits = kv.length >= p0 + tokens && kv.capacity >= kv.length &&
                          (kv.dtype == DType::F32 || kv.dtype == DType::BF16);
  if (!shape_fits) throw Error(ErrorCode::kInternal, "attention of an impossible shape");
  if (!cache_fits) throw Error(ErrorCode::kInternal, "attention over a cache that does not fit");
}

}  // namespace

void attention(const AttentionShape& shape, const float* q, std::size_t ldq, std::size_t p0,
               std::size_t tokens, const KvView& kv, float* out, std::size_t ldo,
               const Context& context) {
  check(shape, p0, tokens, kv);
  if (tokens == 0) return;
  const cpu::NnKernels& kernels = cpu::nn_kernels(context.kernels->isa);
  const Call call{shape, q, ldq, p0, tokens, kv, out, ldo};
  const std::size_t tiles = static_cast<std::size_t>(shape.kv_heads) * Work::tiles_of_head(call);
  std::size_t seen = p0 + tokens / 2 + 1;
  if (shape.window != 0) seen = std::min(seen, static_cast<std::size_t>(shape.window));
  const std::size_t work = 2 * seen * tokens * static_cast<std::size_t>(shape.heads) *
                           static_cast<std::size_t>(shape.head_dim);
  const int threads = static_cast<int>(std::min<std::size_t>(
      work / kWorkOfThread + 1, static_cast<std::size_t>(std::max(context.threads, 1))));
  const std::size_t segments = (seen + kSegment - 1) / kSegment;
  if (tiles < static_cast<std::size_t>(threads) && segments > 1) {
    by_segments(call, kernels, tiles, threads);
  } else {
    const auto most = static_cast<std::size_t>(threads);
    by_tiles(call, kernels, tiles, static_cast<int>(std::min(tiles, most)));
  }
}

}  // namespace mod::nn
