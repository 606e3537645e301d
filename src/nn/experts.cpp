// Mixture of experts: each token goes to the few experts that its router scores highest. Rows are
// sorted by expert, so that each expert's matrices are read once for all of its rows; every row
// adds its experts' results in the order of their scores, whatever else is in the pass.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "nn/pass.h"

namespace mod::nn {
namespace {

/// Which experts the rows go to, and with which weights: [row][used], best first.
struct Routes {
  std::size_t used;
  std::vector<std::uint32_t> expert;
  std::vector<float> weight;
};

/// Turns scores into weights (softmax over all experts) and takes the `used` largest; equal ones in
/// the order of their numbers.
void route(const cpu::VectorKernels& kernels, const arch::ExpertSpec& spec, float* scores,
           std::vector<std::uint32_t>& order, std::uint32_t* chosen, float* weights) {
  const auto count = static_cast<std::size_t>(spec.count),
             used = static_cast<std::size_t>(spec.used);
  kernels.softmax(scores, scores, count);
  order.resize(count);
  std::iota(order.begin(), order.end(), 0u);
  // NaN compares as the smallest, so that the order stays one.
  const auto better = [scores](std::uint32_t a, std::uint32_t b) {
    const float x = scores[a], y = scores[b];
    const bool x_nan = x != x, y_nan = y != y;
    if (x_nan || y_nan) return x_nan == y_nan ? a < b : y_nan;
    return x != y ? x > y : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(used), order.end(),
                    better);
  float sum = 0;
  for (std::size_t i = 0; i < used; ++i) {
    chosen[i] = order[i];
    weights[i] = scores[order[i]];
    sum += weights[i];
  }
  for (std::size_t i = 0; spec.renormalise && i < used; ++i) weights[i] /= sum;
}

/// Slots (row * used + choice) sorted by expert; slots of expert e stand at [begin[e], begin[e +
/// 1]).
struct Groups {
  std::vector<std::size_t> begin, slots;

  Groups(const Routes& routes, std::size_t experts) : begin(experts + 1, 0) {
    for (const std::uint32_t e : routes.expert) ++begin[e + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    slots.resize(routes.expert.size());
    std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
    for (std::size_t slot = 0; slot < routes.expert.size(); ++slot) {
      slots[next[routes.expert[slot]]++] = slot;
    }
  }
};

float sigmoid(float x, const cpu::VectorKernels& kernels) {
  float power = -x;
  kernels.exp(&power, &power, 1);
  return 1 / (1 + power);
}

}  // namespace

void Pass::gated(const Mlp& mlp, arch::Activation activation, const float* x, std::size_t rows,
                 float* gate, float* up, float* out) {
  const std::size_t width = mlp.gate.w.rows;
  multiply(Targets{{{&mlp.gate, gate}, {&mlp.up, up}}}, x, 0, rows);
  over_rows(rows, 4 * width, [&](std::size_t first, std::size_t last) {
    activate(activation, gate + first * width, up + first * width, gate + first * width,
             (last - first) * width);
  });
  multiply(Targets{{{&mlp.down, out}}}, gate, 0, rows);
}

void Pass::experts(const Layer& layer, const Segment& segment, const float* x, float* out) {
  const arch::ExpertSpec& spec = segment.spec().experts;
  const auto count = static_cast<std::size_t>(spec.count),
             used = static_cast<std::size_t>(spec.used),
             width = static_cast<std::size_t>(std::max(spec.width, spec.shared_width));
  const std::size_t rows = segment.rows, slots = rows * used;
  // The shared expert has a slot of its own for every row.
  const std::size_t most = std::max(slots, rows);
  float* const scores =
      workspace_.experts.reserve(rows * (count + 1) + most * 2 * (hidden_ + width));
  float* const inputs = scores + rows * (count + 1);
  float* const results = inputs + most * hidden_;
  float* const gate = results + most * hidden_;
  float* const up = gate + most * width;

  multiply(Targets{{{&layer.router, scores}}}, x, 0, rows);
  Routes routes{used, std::vector<std::uint32_t>(slots), std::vector<float>(slots)};
  over_rows(rows, 4 * count, [&](std::size_t first, std::size_t last) {
    std::vector<std::uint32_t> order;
    for (std::size_t row = first; row < last; ++row) {
      route(kernels_.vector, spec, scores + row * count, order, routes.expert.data() + row * used,
            routes.weight.data() + row * used);
    }
  });
  const Groups groups(routes, count);
  std::vector<std::size_t> place(slots);  // of a slot's row among the sorted ones
  for (std::size_t i = 0; i < slots; ++i) {
    place[groups.slots[i]] = i;
    std::memcpy(inputs + i * hidden_, x + groups.slots[i] / used * hidden_,
                hidden_ * sizeof(float));
  }
  for (std::size_t e = 0; e < count; ++e) {
    const std::size_t begin = groups.begin[e], n = groups.begin[e + 1] - begin;
    if (n == 0) continue;
    gated(layer.experts[e], segment.spec().activation, inputs + begin * hidden_, n, gate, up,
          results + begin * hidden_);
  }
  over_rows(rows, used * hidden_, [&](std::size_t first, std::size_t last) {
    for (std::size_t row = first; row < last; ++row) {
      float* to = out + row * hidden_;
      std::memset(to, 0, hidden_ * sizeof(float));
      for (std::size_t slot = row * used; slot < (row + 1) * used; ++slot) {
        kernels_.vector.axpy(routes.weight[slot], results + place[slot] * hidden_, to, hidden_);
      }
    }
  });
  if (!layer.shared.gate) return;
  gated(layer.shared, segment.spec().activation, x, rows, gate, up, results);
  multiply(Targets{{{&layer.shared_router, scores}}}, x, 0, rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const float weight = layer.shared_router ? sigmoid(scores[row], kernels_.vector) : 1;
    kernels_.vector.axpy(weight, results + row * hidden_, out + row * hidden_, hidden_);
  }
}

}  // namespace mod::nn
