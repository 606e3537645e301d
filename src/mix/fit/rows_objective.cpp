#include "mix/fit/rows_objective.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/parallel.h"
#include "mix/blend.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr std::size_t kBlock = 16;  // tokens whose curvatures are added first

Context alone(const Context& context) {
  Context one = context;
  one.threads = 1;
  return one;
}

/// Weights that mix each token that counts: tokens x experts.
std::vector<double> weights_of(const Mixture& mixture, std::span<const Transcript> texts,
                               std::size_t counted) {
  const std::size_t n = mixture.experts.size();
  std::vector<double> out;
  const bool fixed = !mixture.gate->hears.any() && !mixture.gate->needs_entropies;
  if (mixture.rule->weights == WeightUse::kRefused) return std::vector<double>(counted * n, 0);
  if (mixture.rule->weights == WeightUse::kExponents && fixed) {
    for (std::size_t t = 0; t < counted; ++t) {
      out.insert(out.end(), mixture.weights.begin(), mixture.weights.end());
    }
    return out;
  }
  for (const Transcript& text : texts) {
    replay(mixture, text, [&](std::size_t, std::span<const double> log_weights) {
      for (const double w : log_weights) out.push_back(std::exp(w));
    });
  }
  return out;
}

/// Memory for the log-probabilities of all experts at one place.
struct Scratch {
  Scratch(const Mixture& of, std::size_t width) : mixture(of), vocabulary(width) {
    data.resize(of.experts.size() * width);
    for (std::size_t k = 0; k < of.experts.size(); ++k) rows.push_back(&data[k * width]);
  }
  void fill(const CountedRows& token, const Context& context) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
      log_row(token.logits[k], mixture.experts[k].temperature, mixture.masked,
              std::span(data).subspan(k * vocabulary, vocabulary), context);
    }
  }

  const Mixture& mixture;
  std::size_t vocabulary;
  std::vector<float> data;
  std::vector<const float*> rows;
};

void add(const Curvature& from, Curvature& to) {
  to.value += from.value;
  for (std::size_t i = 0; i < from.gradient.size(); ++i) to.gradient[i] += from.gradient[i];
  for (std::size_t i = 0; i < from.hessian.size(); ++i) to.hessian[i] += from.hessian[i];
}

Curvature zero(std::size_t n) {
  return {0, std::vector<double>(n, 0), std::vector<double>(n * n, 0)};
}

/// Sums of several objectives over the tokens that count.
struct Sums {
  std::vector<Curvature> of;
  std::size_t count = 0;

  static Sums empty(std::size_t objectives, std::size_t n) {
    return {std::vector<Curvature>(objectives, zero(n)), 0};
  }
  void take(const Sums& from) {
    for (std::size_t i = 0; i < of.size(); ++i) add(from.of[i], of[i]);
    count += from.count;
  }
  /// Sums to means. No token: NaN, which solvers refuse.
  void divide() {
    const double share = 1 / static_cast<double>(count);
    for (Curvature& c : of) {
      c.value *= share;
      for (double& g : c.gradient) g *= share;
      for (double& h : c.hessian) h *= share;
    }
  }
};

/// One pass: add_block(rows, sums) for blocks of tokens, whose sums are joined in order.
template <typename AddBlock>
Sums sum_rows(Teacher& teacher, const Sums& empty, const AddBlock& add_block) {
  Sums total = empty;
  teacher.visit([&](std::span<const CountedRows> rows) {
    const std::size_t blocks = (rows.size() + kBlock - 1) / kBlock;
    std::vector<Sums> partial(blocks, empty);
    cpu::parallel_for(teacher.context().threads, blocks, 1, [&](std::size_t b, std::size_t last) {
      for (; b < last; ++b) {
        const std::size_t first = b * kBlock;
        add_block(rows.subspan(first, std::min(kBlock, rows.size() - first)), partial[b]);
      }
    });
    for (const Sums& one : partial) total.take(one);
  });
  total.divide();
  return total;
}

/// Newton's search for one expert's b = 1 / T.
struct Search {
  double low = 1 / kMostTemperature, high = 1 / kLeastTemperature;
  double at = 1;
  bool done = false;

  /// One step from the derivatives where it stands.
  void step(const Curvature& here) {
    constexpr double kClose = 1e-5;
    const double slope = here.gradient[0], bend = here.hessian[0];
    (slope > 0 ? low : high) = at;
    double next = bend < 0 ? at - slope / bend : at;
    if (slope == 0) {
      next = at;
    } else if (!(next > low && next < high)) {
      next = std::sqrt(low * high);
    }
    done = std::abs(next - at) <= kClose * at;
    at = next;
  }
};

}  // namespace

double row_likelihood(const Mixture& mixture, std::span<const Transcript> texts, Teacher& teacher) {
  const std::size_t n = mixture.experts.size(), width = vocabulary(mixture);
  const Context one = alone(teacher.context());
  const std::vector<double> weights = weights_of(mixture, texts, teacher.counted());
  std::vector<double> logprobs(teacher.counted(), 0);
  teacher.visit([&](std::span<const CountedRows> rows) {
    cpu::parallel_for(teacher.context().threads, rows.size(), 1,
                      [&](std::size_t i, std::size_t last) {
                        Scratch scratch(mixture, width);
                        std::vector<float> mixed(width);
                        for (; i < last; ++i) {
                          scratch.fill(rows[i], one);
                          const auto own = std::span(weights).subspan(rows[i].index * n, n);
                          mix_rows(mixture, own, scratch.rows, mixed, one);
                          logprobs[rows[i].index] = mixed[static_cast<std::size_t>(rows[i].token)];
                        }
                      });
  });
  double sum = 0;
  for (const double l : logprobs) sum += l;
  return sum / static_cast<double>(logprobs.size());
}

CurvatureAt exponent_objective(const Mixture& mixture, Teacher& teacher) {
  return [&mixture, &teacher](std::span<const double> exponents) {
    const std::size_t n = mixture.experts.size(), width = vocabulary(mixture);
    const Context one = alone(teacher.context());
    Sums sums =
        sum_rows(teacher, Sums::empty(1, n), [&](std::span<const CountedRows> rows, Sums& to) {
          Scratch scratch(mixture, width);
          for (const CountedRows& token : rows) {
            scratch.fill(token, one);
            to.count += add_token(exponents, scratch.rows, width,
                                  static_cast<std::size_t>(token.token), to.of[0])
                            ? 1
                            : 0;
          }
        });
    return sums.of[0];
  };
}

std::vector<TemperatureFit> fit_temperatures(const Mixture& mixture, Teacher& teacher) {
  constexpr int kMostSteps = 25;
  const std::size_t n = mixture.experts.size(), width = vocabulary(mixture);
  const Context one = alone(teacher.context());
  std::vector<Search> searches(n);
  for (std::size_t k = 0; k < n; ++k) {
    searches[k].at = std::clamp(1 / mixture.experts[k].temperature, searches[k].low * 1.01,
                                searches[k].high / 1.01);
  }
  const auto all_done = [&] {
    return std::all_of(searches.begin(), searches.end(), [](const Search& s) { return s.done; });
  };
  Mixture plain = mixture;  // log-probabilities at T = 1; their multiples by b are those at 1 / b
  for (Expert& expert : plain.experts) expert.temperature = 1;
  for (int i = 0; i < kMostSteps && !all_done(); ++i) {
    const Sums sums =
        sum_rows(teacher, Sums::empty(n, 1), [&](std::span<const CountedRows> rows, Sums& to) {
          Scratch scratch(plain, width);
          for (const CountedRows& token : rows) {
            scratch.fill(token, one);
            const auto id = static_cast<std::size_t>(token.token);
            for (std::size_t k = 0; k < n; ++k) {
              if (searches[k].done) continue;
              add_token({&searches[k].at, 1}, {&scratch.rows[k], 1}, width, id, to.of[k]);
            }
            ++to.count;
          }
        });
    for (std::size_t k = 0; k < n; ++k) {
      if (!searches[k].done) searches[k].step(sums.of[k]);
    }
  }
  std::vector<TemperatureFit> out;
  for (const Search& search : searches) {
    const double t = 1 / search.at;
    out.push_back({t, t < kLeastTemperature * 1.001 || t > kMostTemperature / 1.001});
  }
  return out;
}

}  // namespace mod::mix
