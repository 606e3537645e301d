// Greedy and linear: experts are evaluated in order of their weights, until those that are left
// cannot change the winner any more. They add at least 0 to the best token and at most their
// weight to any other.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "mix/blend.h"
#include "mix/modes/mode_runner.h"
#include "mix/rows.h"

namespace mod::mix {
namespace {

/// Rounding of fp32 logarithms moves a probability by a few 1e-7; a near tie is decided by all.
constexpr double kAllowance = 1e-5;

/// One stream on its way to a certain winner.
struct Search {
  StreamState* stream;
  std::vector<double> weights;
  std::vector<std::size_t> order;  // active experts, heaviest first
  std::size_t read = 0;            // of `order`
  double mass = 0;                 // weight of those
};

Search begin(const ModeTools& tools, StreamState* stream) {
  listen(tools.mixture, *stream);
  Search search{stream, weights_now(tools.mixture, *stream), {}, 0, 0};
  for (std::size_t k = 0; k < search.weights.size(); ++k) {
    if (stream->active[k]) search.order.push_back(k);
  }
  std::stable_sort(search.order.begin(), search.order.end(), [&](std::size_t a, std::size_t b) {
    return search.weights[a] > search.weights[b];
  });
  return search;
}

/// Experts are added until something can be certain: below half of the weight nothing is.
void add_experts(Search& search, std::vector<Reading>& readings) {
  do {
    const std::size_t k = search.order[search.read++];
    readings.push_back({search.stream, k});
    search.mass += search.weights[k];
  } while (search.mass <= 0.5 && search.read < search.order.size());
}

/// The mixture of the experts that were read, and whether its best token is the winner of all.
bool is_certain(const ModeTools& tools, Search& search) {
  StreamState& stream = *search.stream;
  std::vector<double> weights(search.weights.size(), 0);
  std::vector<const float*> rows(weights.size(), nullptr);
  for (std::size_t i = 0; i < search.read; ++i) {
    const std::size_t k = search.order[i];
    weights[k] = search.weights[k];
    rows[k] = stream.slots[k].row.scores.data();
  }
  stream.mixed.resize(stream.slots[search.order[0]].row.scores.size());
  const std::span<float> mixed = stream.mixed;
  mix_rows(tools.mixture, weights, rows, mixed, tools.context);
  const std::size_t first = best_token(mixed, tools.context);
  const float most = mixed[first];
  mixed[first] = -std::numeric_limits<float>::infinity();
  const float second = mixed[best_token(mixed, tools.context)];
  mixed[first] = most;
  // mix_rows divides by the weights' sum.
  const double margin = search.mass * (std::exp(double{most}) - std::exp(double{second}));
  return margin > 1 - search.mass + kAllowance;
}

}  // namespace

void predict_certified(const ModeTools& tools, std::span<StreamState* const> streams) {
  std::vector<Reading> prompts;
  for (StreamState* stream : streams) {
    if (stream->has_unread_prompt()) read_all_experts(*stream, prompts);
  }
  tools.reader.read(prompts);
  std::vector<Search> open;
  for (StreamState* stream : streams) open.push_back(begin(tools, stream));
  while (!open.empty()) {
    std::vector<Reading> readings;
    for (Search& search : open) add_experts(search, readings);
    tools.reader.read(readings);
    std::erase_if(open, [&](Search& search) {
      if (search.read == search.order.size()) {
        predict_mixture(tools.mixture, tools.context, *search.stream);
        return true;
      }
      if (!is_certain(tools, search)) return false;
      predict_partial(search.weights, *search.stream);
      return true;
    });
  }
}

}  // namespace mod::mix
