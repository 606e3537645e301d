#include "eval/sample_metrics.h"

#include <algorithm>
#include <numeric>

#include "eval/grade/score.h"
#include "eval/stats/stats.h"

namespace mod::eval {
namespace {

struct Samples {
  std::vector<std::string> answers;
  std::vector<bool> verdicts;

  void add(const Reply& reply) {
    answers.push_back(reply.graded.value_or(std::string()));
    verdicts.push_back(reply.correct);
  }
};

void add_mean(const std::string& name, const std::vector<double>& values, Cell& cell) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  cell.metrics[name] = sum / static_cast<double>(values.size());
  cell.metrics_stderr[name] = mean_error(values);
}

}  // namespace

void add_sample_metrics(Cell& cell) {
  if (cell.items.empty()) return;
  std::size_t k = cell.items.front().more_samples.size() + 1;
  for (const ItemResult& item : cell.items) k = std::min(k, item.more_samples.size() + 1);
  if (k < 2) return;
  std::vector<double> majorities, first, any;
  for (const ItemResult& item : cell.items) {
    Samples samples;
    samples.add(item);
    for (std::size_t i = 0; i + 1 < k; ++i) samples.add(item.more_samples[i]);
    const auto right = static_cast<std::size_t>(
        std::count(samples.verdicts.begin(), samples.verdicts.end(), true));
    majorities.push_back(samples.verdicts[majority(samples.answers, k)] ? 1 : 0);
    first.push_back(pass_at_k(k, right, 1));
    any.push_back(pass_at_k(k, right, k));
  }
  add_mean("maj@" + std::to_string(k), majorities, cell);
  add_mean("pass@1", first, cell);
  add_mean("pass@" + std::to_string(k), any, cell);
}

}  // namespace mod::eval
