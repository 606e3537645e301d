#include "mix/gates/posterior.h"
#include "mix/gates/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"tau", 1, 0, 1e6, "1: the Bayes posterior; larger: closer to the prior", false, true},
};

void start(GateState& state) { state.score.assign(state.prior.size(), 0); }

void observe_turn(std::span<const double>, const Observation& token, GateState& state) {
  if (token.starts_turn) start(state);
  if (token.part == Part::kTurn) add_scores(token.logprobs, state.score);
}

void weigh(std::span<const double> parameters, const GateState& state, std::span<const double>,
           std::span<double> out) {
  posterior(parameters[0], state, out);
}

}  // namespace

constinit const Gate kTurnGate = {
    .name = "turn",
    .help = "who predicted the last turn of the user best; frozen while answering",
    .formula = "w_k ~ pi_k exp(sum ln p_k(x_t) / tau), t over the last turn",
    .parameters = kParameters,
    .hears = {false, true, false},
    .modes = {},
    .start = start,
    .observe = observe_turn,
    .weigh = weigh,
};

}  // namespace mod::mix
