// A tile of sums, kRows weight rows x kTokens tokens, as nested structs: an array of vectors would
// be written to the stack in every step (g++ 12: 2.5 times slower). See cpu/kernels_impl.h for the
// rules.
#pragma once

#include "cpu/nn_lanes_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

/// One vector for each of n tokens: activations, or the sums of one row.
template <int n>
struct Tokens {
  Floats v;
  Tokens<n - 1> rest;

  MOD_INLINE void clear() {
    v = Floats{};
    rest.clear();
  }
  MOD_INLINE void load_from(const float* p, std::size_t apart) {
    v = load(p);
    keep(v);
    rest.load_from(p + apart, apart);
  }
  MOD_INLINE void store_to(float* p, std::size_t apart) const {
    store(v, p);
    rest.store_to(p + apart, apart);
  }
  /// One number for each token, in all lanes.
  MOD_INLINE void spread_from(const float* p, std::size_t apart) {
    v = all(*p);
    keep(v);
    rest.spread_from(p + apart, apart);
  }
  /// p = p * old + this * own, with one `old` and one `own` for each token.
  MOD_INLINE void add_to(float* p, std::size_t apart, const float* old, const float* own) const {
    store(multiply_add(v, all(*own), load(p) * *old), p);
    rest.add_to(p + apart, apart, old + 1, own + 1);
  }
  MOD_INLINE void add_product(Floats w, const Tokens<n>& x) {
    v = multiply_add(w, x.v, v);
    rest.add_product(w, x.rest);
  }
};

template <>
struct Tokens<0> {
  MOD_INLINE void clear() {}
  MOD_INLINE void load_from(const float*, std::size_t) {}
  MOD_INLINE void store_to(float*, std::size_t) const {}
  MOD_INLINE void spread_from(const float*, std::size_t) {}
  MOD_INLINE void add_to(float*, std::size_t, const float*, const float*) const {}
  MOD_INLINE void add_product(Floats, const Tokens<0>&) {}
};

template <int kRows, int kTokens>
struct Tile {
  Tokens<kTokens> row;
  Tile<kRows - 1, kTokens> rest;

  MOD_INLINE void clear() {
    row.clear();
    rest.clear();
  }
  /// Sums of a row are kWide * kTokens floats, those of the next row follow.
  MOD_INLINE void load_from(const float* p) {
    row.load_from(p, kWide);
    rest.load_from(p + kTokens * kWide);
  }
  MOD_INLINE void store_to(float* p) const {
    row.store_to(p, kWide);
    rest.store_to(p + kTokens * kWide);
  }
  /// Adds w(row) * x for every row, counted from `first`.
  template <int first = 0, class Weight>
  MOD_INLINE void add_products(const Weight& weight, const Tokens<kTokens>& x) {
    Floats w = weight(first);
    keep(w);
    row.add_product(w, x);
    rest.template add_products<first + 1>(weight, x);
  }
};

template <int kTokens>
struct Tile<0, kTokens> {
  MOD_INLINE void clear() {}
  MOD_INLINE void load_from(const float*) {}
  MOD_INLINE void store_to(float*) const {}
  template <int first, class Weight>
  MOD_INLINE void add_products(const Weight&, const Tokens<kTokens>&) {}
};

/// Calls sink(token, sums of the four rows) for every token.
template <int token = 0, int kTokens, class Sink>
MOD_INLINE void finish_rows(const Tokens<kTokens>& a, const Tokens<kTokens>& b,
                            const Tokens<kTokens>& c, const Tokens<kTokens>& d, const Sink& sink) {
  if constexpr (kTokens > 0) {
    sink(token, add_lanes(a.v, b.v, c.v, d.v));
    finish_rows<token + 1>(a.rest, b.rest, c.rest, d.rest, sink);
  }
}

template <int kTokens, class Sink>
MOD_INLINE void finish(const Tile<4, kTokens>& t, const Sink& sink) {
  finish_rows(t.row, t.rest.row, t.rest.rest.row, t.rest.rest.rest.row, sink);
}
template <int kTokens, class Sink>
MOD_INLINE void finish(const Tile<1, kTokens>& t, const Sink& sink) {
  finish_rows(t.row, t.row, t.row, t.row, sink);
}

/// Eight rows: sink(token, first, sums of the rows first to first + 3).
template <int kTokens, class Sink>
MOD_INLINE void finish(const Tile<8, kTokens>& t, const Sink& sink) {
  finish_rows(t.row, t.rest.row, t.rest.rest.row, t.rest.rest.rest.row,
              [&sink](int token, Four sums) MOD_BODY { sink(token, 0, sums); });
  finish(t.rest.rest.rest.rest, [&sink](int token, Four sums) MOD_BODY { sink(token, 4, sums); });
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
