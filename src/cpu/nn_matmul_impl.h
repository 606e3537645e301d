// Rows of weights times tokens: the bodies behind cpu/matmul_kernels.h. See cpu/kernels_impl.h for
// the rules.
#pragma once

#include "cpu/matmul_kernels.h"
#include "cpu/nn_tile_impl.h"
#include "cpu/nn_weights_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

// ---- few tokens

#if defined(__AVX512F__)
constexpr int kFewTile = 4;  // tokens of one pass: 16 sums and 4 activations in 32 registers
#else
constexpr int kFewTile = 2;  // 8 sums; a tile of 12 leaves no register for the mask and is slower
#endif
constexpr std::size_t kMostFew = 8;
/// Runs of rows that are read side by side for one token: enough sums to hide the latency of a
/// multiply-add. For several tokens it is 4.
constexpr int kRunsOfOne = 8;
/// Columns of one pass where there are several: weights of four rows stay in the L1 cache.
constexpr std::size_t kFewColumns = 1024;
/// Bytes that a single pass fetches ahead of what it multiplies. One token, two threads of an EPYC
/// (Zen 3), share of the read loop: 84 to 89 % without and 4 runs, 89 to 98 % with 512 to 1024
/// bytes and 4 runs, 100 to 102 % with 8 runs.
constexpr std::size_t kAhead = 512;

/// One pass over `columns` columns (whole steps) of kRuns rows for a tile of tokens.
template <int kRuns>
struct Pass {
  const std::byte* w[kRuns];
  std::size_t columns;
  const float* x;
  std::size_t ldx;
  float* sums;  // kept between the passes of a row; read unless `first`
  bool first;
  std::size_t prefetch_from;   // bytes past w
  std::size_t prefetch_every;  // columns (whole steps), fetched a line each; 0: no prefetch
};

template <class W, int kRuns, int kTokens>
MOD_INLINE void sweep(Tile<kRuns, kTokens>& tile, const std::byte* const (&w)[kRuns],
                      std::size_t from, std::size_t to, const float* x, std::size_t ldx) {
  for (std::size_t c = from; c < to; c += kStep) {
    Tokens<kTokens> activation;
    activation.load_from(x + c, ldx);
    tile.add_products([&](int r) MOD_BODY { return W::template widen<0>(w[r] + c * W::kBytes); },
                      activation);
    activation.load_from(x + c + kWide, ldx);
    tile.add_products([&](int r) MOD_BODY { return W::template widen<1>(w[r] + c * W::kBytes); },
                      activation);
  }
}

/// Adds the pass to its sums and returns them as a tile.
template <class W, int kRuns, int kTokens>
MOD_INLINE Tile<kRuns, kTokens> add_pass(const Pass<kRuns>& pass) {
  Tile<kRuns, kTokens> tile;
  if (pass.first) {
    tile.clear();
  } else {
    tile.load_from(pass.sums);
  }
  if (pass.prefetch_every == 0) {
    sweep<W>(tile, pass.w, 0, pass.columns, pass.x, pass.ldx);
    return tile;
  }
  std::size_t ahead = pass.prefetch_from;
  for (std::size_t c = 0; c < pass.columns; c += pass.prefetch_every, ahead += 64) {
    for (int r = 0; r < kRuns; ++r) __builtin_prefetch(pass.w[r] + ahead);
    const std::size_t end = c + pass.prefetch_every;
    sweep<W>(tile, pass.w, c, end < pass.columns ? end : pass.columns, pass.x, pass.ldx);
  }
  return tile;
}

/// A row of each run for all tokens of the job.
template <class W, int kRuns>
struct FewRows {
  const MatmulJob& job;
  std::size_t row;    // of the first run
  std::size_t apart;  // rows between the runs
  float sums[kMostFew * kRuns * kWide];

  std::size_t row_bytes() const { return job.columns * W::kBytes; }

  /// The columns that do not fill a step, then bias and result.
  template <int kTokens>
  MOD_INLINE void finish_tile(Tile<kRuns, kTokens>& tile, std::size_t token) {
    const std::size_t whole = job.columns / kStep * kStep;
    if (whole < job.columns) {
      LastStep<W> last[kRuns];
      const std::byte* w[kRuns];
      for (int r = 0; r < kRuns; ++r) {
        last[r].copy(job.w + (row + r * apart) * row_bytes() + whole * W::kBytes,
                     job.columns - whole);
        w[r] = last[r].bytes;
      }
      sweep<W>(tile, w, 0, kStep, job.x + token * job.ldx + whole, job.ldx);
    }
    const auto put = [&](int t, std::size_t first, Four four) MOD_BODY {
      const std::size_t begin = row + first * apart;
      float* y = job.y + (token + static_cast<std::size_t>(t)) * job.ldy + begin;
      for (int r = 0; r < (kRuns < 4 ? kRuns : 4); ++r) {
        y[r * apart] = job.bias == nullptr ? four[r] : four[r] + job.bias[begin + r * apart];
      }
    };
    if constexpr (kRuns == 8) {
      finish(tile, put);
    } else {
      finish(tile, [&](int t, Four four) MOD_BODY { put(t, 0, four); });
    }
  }

  template <int kTokens>
  void run_pass(const Pass<kRuns>& pass, std::size_t token, bool last) {
    Tile<kRuns, kTokens> tile = add_pass<W, kRuns, kTokens>(pass);
    if (last) {
      finish_tile(tile, token);
    } else {
      tile.store_to(pass.sums);
    }
  }

  void run_pass_of(std::size_t tokens, const Pass<kRuns>& pass, std::size_t token, bool last) {
    if constexpr (kRuns != kRunsOfOne) {
      if constexpr (kFewTile > 2) {
        if (tokens >= 4) return run_pass<4>(pass, token, last);
        if (tokens == 3) return run_pass<3>(pass, token, last);
      }
      if (tokens >= 2) return run_pass<2>(pass, token, last);
    }
    run_pass<1>(pass, token, last);
  }

  /// The first pass reads weights from memory; the others find them in the cache, and meanwhile
  /// fetch what the next first pass will read: a run is one stream, so that is what follows.
  void run() {
    const std::size_t whole = job.columns / kStep * kStep;
    const std::size_t passes = (job.tokens + kFewTile - 1) / kFewTile;
    const std::size_t most = passes == 1 ? whole : kFewColumns;
    std::size_t from = 0;
    do {
      const std::size_t n = whole - from < most ? whole - from : most;
      for (std::size_t p = 0, token = 0; p < passes; ++p, token += kFewTile) {
        Pass<kRuns> pass{
            {}, n, job.x + token * job.ldx + from, job.ldx, sums + token * kRuns * kWide, from == 0,
            0,  0};
        for (int r = 0; r < kRuns; ++r) {
          pass.w[r] = job.w + (row + r * apart) * row_bytes() + from * W::kBytes;
        }
        if (passes == 1 && kStep * W::kBytes <= 64) {  // steps that make up whole lines
          pass.prefetch_from = kAhead;
          pass.prefetch_every = 64 / W::kBytes;
        }
        if (p > 0) {
          const std::size_t steps = 64 * (passes - 1) / (kStep * W::kBytes);
          pass.prefetch_from = n * W::kBytes + (p - 1) * n * W::kBytes / (passes - 1);
          pass.prefetch_every = (steps == 0 ? 1 : steps) * kStep;
        }
        run_pass_of(job.tokens - token, pass, token, from + n == whole);
      }
      from += n;
    } while (from < whole);
  }
};

template <class W, int kRuns>
MOD_INLINE void run_rows(const MatmulJob& job) {
  const std::size_t apart = job.rows / kRuns;
  for (std::size_t r = 0; r < apart; ++r) FewRows<W, kRuns>{job, r, apart, {}}.run();
  for (std::size_t r = kRuns * apart; r < job.rows; ++r) FewRows<W, 1>{job, r, 0, {}}.run();
}

void few(const MatmulJob& job) noexcept {
  with_weights(job.dtype, [&job](auto weights) {
    using W = decltype(weights);
    if (job.tokens == 1) {
      run_rows<W, kRunsOfOne>(job);
    } else {
      run_rows<W, 4>(job);
    }
  });
}

// ---- many tokens

#if defined(__AVX512F__)
constexpr int kManyTile = 6;  // tokens: 24 sums, 6 activations and a weight in 32 registers
#else
constexpr int kManyTile = 3;  // 12 sums, 3 activations and a weight in 16
#endif
constexpr std::size_t kTileRows = 4;
constexpr std::size_t kMostMany = 96;
/// Rows up to this length are widened whole (four of them take 16 KiB of the L1 cache), longer ones
/// in pieces, so that the activations of a piece stay in the L2 cache.
constexpr std::size_t kManyColumns = 1024, kPieceColumns = 512;
/// Rows that share a pass over the activations of these columns where there are several such
/// passes.
constexpr std::size_t kManyRows = 32;

/// Widens `columns` columns of up to four rows: [vector of columns][row of the tile][kWide].
template <class W>
void widen_panel(const std::byte* w, std::size_t row_bytes, std::size_t rows, std::size_t columns,
                 float* panel) {
  const auto put = [](const std::byte* step, float* to) {
    store(W::template widen<0>(step), to);
    store(W::template widen<1>(step), to + kTileRows * kWide);
  };
  for (std::size_t r = 0; r < kTileRows; ++r, w += row_bytes, panel += kWide) {
    std::size_t c = 0;
    LastStep<W> last;
    if (r < rows) {
      for (; c + kStep <= columns; c += kStep) put(w + c * W::kBytes, panel + c * kTileRows);
      if (c == columns) continue;
      last.copy(w + c * W::kBytes, columns - c);
      put(last.bytes, panel + c * kTileRows);
    } else {
      last.copy(nullptr, 0);
      for (; c < columns; c += kStep) put(last.bytes, panel + c * kTileRows);
    }
  }
}

struct Panel {
  const float* w;
  std::size_t columns;  // whole steps
  bool first, last;     // of the columns of these rows
  std::size_t row, rows;
};

/// Bias, and only the rows that are there.
template <int kTokens>
void put_results(const MatmulJob& job, const Panel& panel, const float* results, float* y) {
  for (int t = 0; t < kTokens; ++t, y += job.ldy, results += kTileRows) {
    for (std::size_t r = 0; r < panel.rows; ++r) {
      y[r] = job.bias == nullptr ? results[r] : results[r] + job.bias[panel.row + r];
    }
  }
}

template <int kTokens>
__attribute__((noinline)) void tile_product(const MatmulJob& job, const Panel& panel,
                                            const float* x, std::size_t token, float* sums) {
  Tile<kTileRows, kTokens> tile;
  if (panel.first) {
    tile.clear();
  } else {
    tile.load_from(sums);
  }
  const float* w = panel.w;
  for (const float* end = x + panel.columns; x != end; x += kWide, w += kTileRows * kWide) {
    Tokens<kTokens> activation;
    activation.load_from(x, job.ldx);
    tile.add_products([w](int r) MOD_BODY { return load(w + r * kWide); }, activation);
  }
  if (!panel.last) return tile.store_to(sums);
  // Straight to y where nothing is left to do, so that the tile leaves the registers without a
  // branch.
  float* y = job.y + token * job.ldy + panel.row;
  float results[kTokens * kTileRows];
  const bool straight = panel.rows == kTileRows && job.bias == nullptr;
  float* to = straight ? y : results;
  const std::size_t apart = straight ? job.ldy : kTileRows;
  finish(tile, [to, apart](int t, Four sum) MOD_BODY {
    __builtin_memcpy(to + static_cast<std::size_t>(t) * apart, &sum, sizeof sum);
  });
  if (!straight) put_results<kTokens>(job, panel, results, y);
}

template <int kTokens = kManyTile>
void tile_product_of(std::size_t tokens, const MatmulJob& job, const Panel& panel, const float* x,
                     std::size_t token, float* sums) {
  if constexpr (kTokens > 1) {
    if (tokens < kTokens) {
      return tile_product_of<kTokens - 1>(tokens, job, panel, x, token, sums);
    }
  }
  tile_product<kTokens>(job, panel, x, token, sums);
}

/// Fetches the weights of the next panel, line by line, while this one is multiplied.
struct Fetch {
  const std::byte* row;
  std::size_t row_bytes, bytes_of_row, rows_left, at;

  MOD_INLINE void lines(std::size_t n) {
    for (; n != 0 && rows_left != 0; --n, at += 64) {
      if (at >= bytes_of_row) at = 0, row += row_bytes, --rows_left;
      __builtin_prefetch(row + at);
    }
  }
};

void many(const MatmulJob& job, float* scratch) noexcept {
  const std::size_t padded = (job.columns + kStep - 1) / kStep * kStep;
  const std::size_t passes =
      padded <= kManyColumns ? 1 : (padded + kPieceColumns - 1) / kPieceColumns;
  const std::size_t share = (padded / kStep + passes - 1) / passes * kStep;
  const std::size_t bytes = dtype_size(job.dtype), row_bytes = job.columns * bytes;
  float* const panel_floats = scratch;
  float* const sums = scratch + kTileRows * kManyColumns;
  for (std::size_t block = 0; block < job.rows; block += kManyRows) {
    const std::size_t block_end = block + kManyRows < job.rows ? block + kManyRows : job.rows;
    std::size_t from = 0;
    do {
      const std::size_t n = padded - from < share ? padded - from : share;
      const std::size_t real = job.columns - from < n ? job.columns - from : n;
      for (std::size_t row = block; row < block_end; row += kTileRows) {
        const std::size_t rows = block_end - row < kTileRows ? block_end - row : kTileRows;
        const std::byte* w = job.w + row * row_bytes + from * bytes;
        with_weights(job.dtype, [&](auto weights) {
          widen_panel<decltype(weights)>(w, row_bytes, rows, real, panel_floats);
        });
        const Panel panel{panel_floats, n, from == 0, from + n == padded, row, rows};
        Fetch next{w + kTileRows * row_bytes, row_bytes, n * bytes, kTileRows, 0};
        const std::size_t tiles = (job.tokens + kManyTile - 1) / kManyTile;
        const std::size_t lines_of_tile = (kTileRows * n * bytes / 64 + tiles - 1) / tiles;
        float* tile_sums = sums + (row - block) * job.tokens * kWide;
        for (std::size_t t = 0; t < job.tokens; t += kManyTile) {
          next.lines(lines_of_tile);
          tile_product_of(job.tokens - t, job, panel, job.x + t * job.ldx + from, t,
                          tile_sums + t * kTileRows * kWide);
        }
      }
      from += n;
    } while (from < padded);
  }
}

constexpr MatmulKernels make_matmul_kernels() {
  return {.step = kStep,
          .most_few = kMostFew,
          .most_many = kMostMany,
          .token_tile = kManyTile,
          .many_scratch = kTileRows * kManyColumns + kManyRows * kMostMany * kWide,
          .prepare = prepare,
          .few = few,
          .many = many};
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
