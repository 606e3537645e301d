// The merge methods as plainly as they can be written: whole tensors, double precision, sorting.
// Shares no code with the program, so that a mistake has to be made twice to pass.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "support/run_kernel.h"

namespace mod::test::reference {

/// y, the size of the terms that were added up (for tolerances), and whether the definition decides
/// the element clearly (a vote that rounding could turn is not).
struct Result {
  std::vector<double> y, terms;
  std::vector<bool> clear;
  std::vector<std::uint64_t> taken;
};

// ---- random numbers
// -------------------------------------------------------------------------------

inline std::uint32_t draw(std::uint64_t seed, const std::string& name, std::uint32_t stream,
                          std::uint32_t purpose, std::uint64_t element) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::uint64_t s = seed + 0x9E3779B97F4A7C15u;
  s = (s ^ (s >> 30)) * 0xBF58476D1CE4E5B9u;
  s = (s ^ (s >> 27)) * 0x94D049BB133111EBu;
  s ^= s >> 31;
  std::array<std::uint64_t, 2> key = {(s ^ hash) & 0xffffffffu, (s ^ hash) >> 32};
  const std::uint64_t block = element / 4;
  std::array<std::uint64_t, 4> c = {block & 0xffffffffu, block >> 32, stream, purpose};
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = 0xD2511F53u * c[0], p1 = 0xCD9E8D57u * c[2];
    c = {(p1 >> 32) ^ c[1] ^ key[0], p1 & 0xffffffffu, (p0 >> 32) ^ c[3] ^ key[1],
         p0 & 0xffffffffu};
    key[0] = (key[0] + 0x9E3779B9u) & 0xffffffffu;
    key[1] = (key[1] + 0xBB67AE85u) & 0xffffffffu;
  }
  return static_cast<std::uint32_t>(c[element % 4]);
}

inline bool happens(std::uint32_t word, double p) { return word < p * 4294967296.0; }

// ---- sparsifiers
// ----------------------------------------------------------------------------------

/// Indices by descending |d|; NaN first; ties by lower index.
inline std::vector<std::size_t> descending(const Tensor& d) {
  std::vector<std::size_t> order(d.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const bool nan_a = std::isnan(d[a]), nan_b = std::isnan(d[b]);
    if (nan_a != nan_b) return nan_a;
    if (!nan_a && std::abs(d[a]) != std::abs(d[b])) return std::abs(d[a]) > std::abs(d[b]);
    return a < b;
  });
  return order;
}

struct Sparse {
  std::vector<bool> keep;
  std::vector<double> p;  // keep probabilities
};

inline Sparse all(std::size_t n, bool keep) {
  return {std::vector<bool>(n, keep), std::vector<double>(n, 1.0)};
}

inline Sparse magnitude(const Tensor& d, double density) {
  Sparse s = all(d.size(), false);
  const auto k = std::max<std::size_t>(1, static_cast<std::size_t>(density * double(d.size())));
  const auto order = descending(d);
  for (std::size_t r = 0; r < k; ++r) s.keep[order[r]] = true;
  return s;
}

inline Sparse outliers(const Tensor& d, double density, double gamma) {
  Sparse s = all(d.size(), false);
  const auto n = static_cast<std::int64_t>(d.size());
  const auto target = std::max<std::int64_t>(1, static_cast<std::int64_t>(density * double(n)));
  auto top = static_cast<std::int64_t>(gamma * double(n));
  auto bottom = n - target - top;
  if (bottom < 0) {
    top += bottom;
    bottom = 0;
  }
  const auto order = descending(d);
  for (auto r = top; r < n - bottom; ++r) s.keep[order[std::size_t(r)]] = true;
  return s;
}

inline Sparse bernoulli(const Case& c, std::uint32_t stream, double density) {
  Sparse s = all(c.inputs[0].size(), false);
  for (std::size_t i = 0; i < s.keep.size(); ++i) {
    s.keep[i] = happens(draw(c.seed, c.name, stream, 0, i), density);
    s.p[i] = density;
  }
  return s;
}

inline Sparse della(const Case& c, const Tensor& d, std::uint32_t stream, double density,
                    double epsilon) {
  Sparse s = all(d.size(), false);
  std::vector<std::int64_t> shape = c.shape;
  if (shape.empty()) shape = {static_cast<std::int64_t>(d.size())};
  const auto length = static_cast<std::size_t>(shape.size() == 1 ? shape[0] : shape[1]);
  std::size_t inner = 1;
  for (std::size_t a = 2; a < shape.size(); ++a) inner *= static_cast<std::size_t>(shape[a]);
  for (std::size_t row = 0; row < d.size() / length; ++row) {
    const std::size_t start = row / inner * length * inner + row % inner;
    Tensor values;
    for (std::size_t i = 0; i < length; ++i) values.push_back(d[start + i * inner]);
    const auto order = descending(values);
    for (std::size_t place = 0; place < length; ++place) {
      const auto rank = static_cast<double>(length - 1 - place);  // ascending, from 0
      const double r = length == 1 ? 0.5 : rank / static_cast<double>(length - 1);
      const double p = length == 1 ? density : density - epsilon + 2 * epsilon * r;
      const std::size_t i = start + order[place] * inner;
      s.p[i] = p;
      s.keep[i] = happens(draw(c.seed, c.name, stream, 0, i), p);
    }
  }
  return s;
}

// ---- the task-arithmetic family
// -------------------------------------------------------------------

inline double param(const Case& c, const char* name, double fallback) {
  const auto it = c.globals.find(name);
  return it == c.globals.end() ? fallback : it->second;
}

inline double param(const Case& c, const char* name, std::size_t model, double fallback) {
  const auto it = c.per_model.find(name);
  if (it == c.per_model.end()) return fallback;
  return it->second[std::min(model, it->second.size() - 1)];
}

inline double default_of(const Case& c, const char* name) {
  for (const auto& p : merge::find_method(c.method)->params) {
    if (p.name == name) return p.number;
  }
  return 0;
}

inline Sparse sparse(const Case& c, const Tensor& d, std::size_t model) {
  const double density = param(c, "density", model, 1);
  const bool random = c.method.starts_with("dare") || c.method.starts_with("della");
  if (c.method == "task_arithmetic" || density >= 1) return all(d.size(), true);
  if (density <= 0) return all(d.size(), false);
  if (c.method == "ties") return magnitude(d, density);
  if (!random) return outliers(d, density, param(c, "gamma", model, 0.01));
  const auto stream = static_cast<std::uint32_t>(model);
  if (c.method.starts_with("dare")) return bernoulli(c, stream, density);
  return della(c, d, stream, density, param(c, "epsilon", model, 0.15));
}

/// Each model's delta, sparse and rescaled, in double.
inline std::vector<double> scaled(const Case& c, const Tensor& d, std::size_t model) {
  const Sparse s = sparse(c, d, model);
  const bool inverse = param(c, "rescale_inverse_p", 0) != 0;
  const bool l1 = !inverse && param(c, "rescale", default_of(c, "rescale")) != 0;
  double before = 0, after = 0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    before += std::abs(double(d[i]));
    after += s.keep[i] ? std::abs(double(d[i])) : 0;
  }
  double ratio = l1 && before >= 1e-7 && after >= 1e-7 ? before / after : 1;
  if (!std::isfinite(ratio)) ratio = 1;
  std::vector<double> v(d.size(), 0.0);
  for (std::size_t i = 0; i < d.size(); ++i) {
    if (s.keep[i]) v[i] = inverse ? d[i] / s.p[i] : d[i] * ratio;
  }
  return v;
}

inline Result task_vectors(const Case& c) {
  const Tensor& b = c.inputs[static_cast<std::size_t>(c.base)];
  const std::size_t n = b.size();
  std::vector<std::vector<double>> v;
  std::vector<double> weights;
  std::vector<std::size_t> inputs;
  std::size_t model = 0;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (static_cast<int>(i) == c.base) continue;
    const double w = param(c, "weight", model, 0);
    Tensor d(n);
    for (std::size_t e = 0; e < n; ++e) d[e] = c.inputs[i][e] - b[e];
    if (w != 0) {
      v.push_back(scaled(c, d, model));
      for (double& x : v.back()) x *= w;
      weights.push_back(w);
      inputs.push_back(i);
    }
    ++model;
  }
  const bool vote = c.method.ends_with("ties") || c.method == "della";
  const bool normalize = param(c, "normalize", default_of(c, "normalize")) != 0;
  const double lambda = param(c, "lambda", 1);
  double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (std::abs(total) < 1e-8) total = 1;
  Result result{std::vector<double>(n), std::vector<double>(n), std::vector<bool>(n, true),
                std::vector<std::uint64_t>(c.inputs.size(), 0)};
  for (std::size_t e = 0; e < n; ++e) {
    double sum = 0, size = 0, kept = 0, divisor = 0;
    for (const auto& x : v) {
      sum += x[e];
      size += std::abs(x[e]);
    }
    if (vote && std::abs(sum) < 1e-5 * size) result.clear[e] = false;
    bool touched = false;
    for (std::size_t m = 0; m < v.size(); ++m) {
      const bool agrees = sum >= 0 ? v[m][e] > 0 : v[m][e] < 0;
      if (vote && !agrees && !std::isnan(v[m][e])) continue;
      if (v[m][e] == 0) continue;
      kept += v[m][e];
      divisor += weights[m];
      ++result.taken[inputs[m]];
      touched = true;
    }
    if (!touched || lambda == 0) ++result.taken[static_cast<std::size_t>(c.base)];
    if (!vote) divisor = total;
    if (divisor == 0) divisor = 1;
    if (!normalize) divisor = 1;
    result.y[e] = lambda == 0 ? b[e] : b[e] + lambda * kept / divisor;
    result.terms[e] = std::abs(b[e]) + std::abs(lambda / divisor) * size;
  }
  return result;
}

// ---- sums and arcs
// --------------------------------------------------------------------------------

/// Elements of the vectors that a method treats one by one: the whole tensor, rows of the last
/// axis, or columns along the first.
inline std::vector<std::vector<std::size_t>> vectors(const Case& c, bool whole, bool columns) {
  const std::size_t n = c.inputs[0].size();
  std::vector<std::int64_t> shape = c.shape;
  if (shape.empty()) shape = {static_cast<std::int64_t>(n)};
  if (whole || shape.size() == 1) columns = false;
  const std::size_t rows = static_cast<std::size_t>(shape[0]);
  const std::size_t length = whole ? n : static_cast<std::size_t>(shape.back());
  const std::size_t number = columns ? n / rows : n / length;
  std::vector<std::vector<std::size_t>> list(number);
  for (std::size_t i = 0; i < n; ++i) list[columns ? i % number : i / length].push_back(i);
  return list;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b,
                  const std::vector<std::size_t>& which) {
  double sum = 0;
  for (const std::size_t i : which) sum += a[i] * b[i];
  return sum;
}

inline std::vector<double> minus(const Tensor& x, const Tensor* b) {
  std::vector<double> d(x.begin(), x.end());
  for (std::size_t i = 0; b && i < d.size(); ++i) d[i] = x[i] - (*b)[i];
  return d;
}

inline Result empty(const Case& c) {
  const std::size_t n = c.inputs[0].size();
  return {std::vector<double>(n), std::vector<double>(n), std::vector<bool>(n, true),
          std::vector<std::uint64_t>(c.inputs.size(), 0)};
}

inline void add(Result& r, std::size_t i, double term) {
  r.y[i] += term;
  r.terms[i] += std::abs(term);
}

inline Result linear(const Case& c) {
  Result r = empty(c);
  double total = 0;
  for (std::size_t m = 0; m < c.inputs.size(); ++m) total += param(c, "weight", m, 0);
  if (param(c, "normalize", 1) == 0) total = 1;
  for (std::size_t m = 0; m < c.inputs.size(); ++m) {
    const double w = param(c, "weight", m, 0) / total;
    if (w == 0) continue;
    for (std::size_t i = 0; i < r.y.size(); ++i) add(r, i, w * c.inputs[m][i]);
    r.taken[m] = r.y.size();
  }
  return r;
}

inline Result slerp(const Case& c) {
  Result r = empty(c);
  const auto base = static_cast<std::size_t>(c.base);
  const auto x0 = minus(c.inputs[base], nullptr), x1 = minus(c.inputs[1 - base], nullptr);
  const auto everything = vectors(c, true, false)[0];
  const double t = param(c, "t", 0);
  const double n0 = std::sqrt(dot(x0, x0, everything)), n1 = std::sqrt(dot(x1, x1, everything));
  const double cosine = dot(x0, x1, everything) / (n0 > 1e-8 ? n0 : 1) / (n1 > 1e-8 ? n1 : 1);
  double f0 = 1 - t, f1 = t;
  if (std::abs(cosine) <= 0.9995) {
    const double angle = std::acos(cosine);
    f0 = std::sin((1 - t) * angle) / std::sin(angle);
    f1 = std::sin(t * angle) / std::sin(angle);
  }
  for (const std::size_t i : everything) {
    if (f0 != 0) add(r, i, f0 * x0[i]);
    if (f1 != 0) add(r, i, f1 * x1[i]);
  }
  r.taken[base] = f0 != 0 ? r.y.size() : 0;
  r.taken[1 - base] = f1 != 0 ? r.y.size() : 0;
  return r;
}

inline Result nuslerp(const Case& c) {
  Result r = empty(c);
  std::vector<std::size_t> models;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (static_cast<int>(i) != c.base) models.push_back(i);
  }
  const Tensor* b = c.base >= 0 ? &c.inputs[static_cast<std::size_t>(c.base)] : nullptr;
  const auto x0 = minus(c.inputs[models[0]], b), x1 = minus(c.inputs[models[1]], b);
  const double w0 = param(c, "weight", 0, 0), w1 = param(c, "weight", 1, 0);
  const double t = std::abs(w0 + w1) < 1e-6 ? 0.5 : w1 / (w0 + w1);
  const bool whole = param(c, "nuslerp_flatten", 1) != 0;
  for (const auto& which : vectors(c, whole, param(c, "nuslerp_row_wise", 0) != 0)) {
    const double n0 = std::max(std::sqrt(dot(x0, x0, which)), 1e-7);
    const double n1 = std::max(std::sqrt(dot(x1, x1, which)), 1e-7);
    const double angle = std::acos(std::clamp(dot(x0, x1, which) / (n0 * n1), -1.0, 1.0));
    const double sine = std::sin(angle);
    const bool curved = std::abs(sine) >= 1e-8;
    for (const std::size_t i : which) {
      if (b) add(r, i, (*b)[i]);
      add(r, i, (curved ? std::sin((1 - t) * angle) / sine : 1 - t) * x0[i]);
      add(r, i, (curved ? std::sin(t * angle) / sine : t) * x1[i]);
    }
  }
  r.taken[models[0]] = t != 1 ? r.y.size() : 0;
  r.taken[models[1]] = t != 0 ? r.y.size() : 0;
  return r;
}

inline Result model_stock(const Case& c) {
  Result r = empty(c);
  const Tensor& b = c.inputs[static_cast<std::size_t>(c.base)];
  std::vector<std::size_t> models;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (static_cast<int>(i) != c.base) models.push_back(i);
  }
  std::vector<std::vector<double>> o;
  for (const std::size_t m : models) o.push_back(minus(c.inputs[m], &b));
  const auto count = static_cast<double>(models.size());
  for (const auto& which : vectors(c, param(c, "filter_wise", 0) == 0, false)) {
    double sum = 0, pairs = 0;
    for (std::size_t i = 0; i < o.size(); ++i) {
      for (std::size_t j = i + 1; j < o.size(); ++j) {
        const double norms = std::sqrt(dot(o[i], o[i], which) * dot(o[j], o[j], which));
        sum += std::clamp(dot(o[i], o[j], which) / std::max(norms, 1e-6), -1.0, 1.0);
        ++pairs;
      }
    }
    const double cosine = sum / pairs, denominator = 1 + (count - 1) * cosine;
    const double t = std::abs(denominator) < 1e-6 ? 0 : count * cosine / denominator;
    for (const std::size_t i : which) {
      for (const std::size_t m : models) {
        if (t != 0) add(r, i, t / count * c.inputs[m][i]);
      }
      if (t != 1) add(r, i, (1 - t) * b[i]);
    }
    for (const std::size_t m : models) r.taken[m] += t != 0 ? which.size() : 0;
    r.taken[static_cast<std::size_t>(c.base)] += t != 1 ? which.size() : 0;
  }
  return r;
}

inline Result run(const Case& c) {
  if (c.method == "linear") return linear(c);
  if (c.method == "slerp") return slerp(c);
  if (c.method == "nuslerp") return nuslerp(c);
  if (c.method == "model_stock") return model_stock(c);
  return task_vectors(c);
}

}  // namespace mod::test::reference
