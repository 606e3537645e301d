#include <algorithm>
#include <cmath>
#include <limits>

#include "mix/gates/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"rate", 0.01, 0, 1, "share of the weight that is spread over all experts after every token"},
    {"eta", 1, 0, 100, "power of each token's probability; 1: Bayes"},
};
constexpr double kInf = std::numeric_limits<double>::infinity();

void start(GateState& state) { state.score = state.prior; }

/// w <- (1 - s) w' + s / N with w' ~ w p^eta; N counts the experts of positive prior.
void observe_share(std::span<const double> parameters, const Observation& token, GateState& state) {
  if (token.logprobs.empty()) return;
  const double rate = parameters[0], eta = parameters[1];
  std::vector<double> next = state.score;
  std::size_t experts = 0;
  for (std::size_t k = 0; k < next.size(); ++k) {
    experts += state.prior[k] == -kInf ? 0 : 1;
    if (eta != 0) next[k] += eta * token.logprobs[k];  // 0 * -inf is no number
  }
  const double sum = log_sum_exp(next);
  if (sum == -kInf) return;  // only experts without weight permit the token
  const double stay = std::log1p(-rate), come = std::log(rate / static_cast<double>(experts));
  for (std::size_t k = 0; k < next.size(); ++k) {
    if (state.prior[k] == -kInf) continue;
    const double kept[] = {stay + (next[k] - sum), come};
    state.score[k] = rate == 0 ? next[k] - sum : rate == 1 ? come : log_sum_exp(kept);
  }
}

void weigh(std::span<const double>, const GateState& state, std::span<const double>,
           std::span<double> out) {
  std::copy(state.score.begin(), state.score.end(), out.begin());
}

}  // namespace

constinit const Gate kShareGate = {
    .name = "share",
    .help = "who predicts best of late: a Bayes step after every token, then some weight to all",
    .formula =
        "w'_k ~ w_k p_k(x_t)^eta; w_k = (1 - rate) w'_k + rate / N, t over prompt and answer",
    .parameters = kParameters,
    .hears = {true, true, true},
    .follows_answer = true,
    .modes =
        {
            .draw = {false, "gate share needs every expert's probability of every token"},
            .certified = {false, "gate share needs every expert's probability of every token"},
            .lazy = {},
        },
    .start = start,
    .observe = observe_share,
    .weigh = weigh,
};

}  // namespace mod::mix
