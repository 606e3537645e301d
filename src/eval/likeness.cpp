#include "eval/likeness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "cpu/parallel.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

/// Some tokens of one row.
struct Block {
  std::vector<float> logs;
  std::vector<double> probabilities;

  void exponentiate() {
    probabilities.resize(logs.size());
    std::transform(logs.begin(), logs.end(), probabilities.begin(),
                   [](float log) { return std::exp(static_cast<double>(log)); });
  }
};

/// p ln(p/m) + q ln(q/m), summed: no term is negative, also where rounding kept p and q from
/// summing to 1.
double divergence_terms(const Block& a, const Block& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.logs.size(); ++i) {
    const double p = a.probabilities[i], q = b.probabilities[i];
    if (p == q) continue;
    const double log_m = std::log((p + q) / 2);
    if (p != 0) sum += p * (static_cast<double>(a.logs[i]) - log_m);
    if (q != 0) sum += q * (static_cast<double>(b.logs[i]) - log_m);
  }
  return sum;
}

double distance_of(double terms) {
  return std::isnan(terms) ? terms : std::sqrt(std::clamp(terms / 2, 0.0, std::numbers::ln2));
}

struct Best {
  float log = -std::numeric_limits<float>::infinity();
  std::size_t token = 0;

  void look_at(std::span<const float> logs, std::size_t first) {
    for (std::size_t i = 0; i < logs.size(); ++i) {
      if (logs[i] > log) log = logs[i], token = first + i;
    }
  }
};

class Comparison {
 public:
  Comparison(const LikenessInput& input, const Context& context)
      : input_(input), context_(context), blocks_(input.rows), terms_(input.rows) {
    for (std::size_t a = 0; a < input.rows; ++a) {
      for (std::size_t b = a + 1; b < input.rows; ++b) pairs_.emplace_back(a, b);
    }
    terms_.resize(pairs_.size());
    same_.resize(pairs_.size());
    distances_.resize(pairs_.size());
  }

  void add_position(std::size_t position) {
    std::fill(terms_.begin(), terms_.end(), 0.0);
    best_.assign(input_.rows, Best());
    for (std::size_t first = 0; first < input_.vocabulary; first += kLikenessBlock) {
      add_block(position, first, std::min(kLikenessBlock, input_.vocabulary - first));
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      same_[i] += best_[pairs_[i].first].token == best_[pairs_[i].second].token ? 1 : 0;
      distances_[i] += distance_of(terms_[i]);
    }
  }

  LikenessMatrices matrices() const {
    const std::size_t n = input_.rows;
    const auto positions = static_cast<double>(input_.positions);
    LikenessMatrices out;
    out.top1.assign(n, std::vector<double>(n, 1));
    out.jensen_shannon.assign(n, std::vector<double>(n, 0));
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const auto [a, b] = pairs_[i];
      out.top1[a][b] = out.top1[b][a] = static_cast<double>(same_[i]) / positions;
      out.jensen_shannon[a][b] = out.jensen_shannon[b][a] = distances_[i] / positions;
    }
    return out;
  }

 private:
  void add_block(std::size_t position, std::size_t first, std::size_t tokens) {
    const auto read = [&](std::size_t from, std::size_t to) {
      for (std::size_t row = from; row < to; ++row) {
        blocks_[row].logs.resize(tokens);
        input_.read(row, position, first, blocks_[row].logs);
        blocks_[row].exponentiate();
        best_[row].look_at(blocks_[row].logs, first);
      }
    };
    const auto compare = [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        terms_[i] += divergence_terms(blocks_[pairs_[i].first], blocks_[pairs_[i].second]);
      }
    };
    cpu::parallel_for(context_.threads, blocks_.size(), 1, read);
    cpu::parallel_for(context_.threads, pairs_.size(), 1, compare);
  }

  const LikenessInput& input_;
  const Context& context_;
  std::vector<Block> blocks_;                               // one a row
  std::vector<Best> best_;                                  // one a row
  std::vector<std::pair<std::size_t, std::size_t>> pairs_;  // first < second
  std::vector<double> terms_, distances_;                   // one a pair
  std::vector<std::size_t> same_;                           // one a pair
};

}  // namespace

double jensen_shannon_distance(std::span<const float> log_p, std::span<const float> log_q) {
  Block p{{log_p.begin(), log_p.end()}, {}}, q{{log_q.begin(), log_q.end()}, {}};
  p.exponentiate();
  q.exponentiate();
  return distance_of(divergence_terms(p, q));
}

LikenessMatrices likeness_matrices(const LikenessInput& input, const Context& context) {
  Comparison comparison(input, context);
  for (std::size_t position = 0; position < input.positions; ++position) {
    if (context.stop_requested()) {
      throw Error(ErrorCode::kCancelled, "stopped while distributions were compared");
    }
    comparison.add_position(position);
  }
  return comparison.matrices();
}

}  // namespace mod::eval
