#include "mix/gates/posterior.h"
#include "mix/gates/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"tau", 1, 0, 1e6, "1: the Bayes posterior; larger: closer to the prior", false, true},
};

void start(GateState& state) {
  state.score.assign(state.prior.size(), 0);
  state.pending.assign(state.prior.size(), 0);
}

/// An answer does not vote on itself, but is part of the prompt of the next one.
void observe_prompt(std::span<const double>, const Observation& token, GateState& state) {
  if (token.part == Part::kAnswer) return add_scores(token.logprobs, state.pending);
  add_scores(state.pending, state.score);
  state.pending.assign(state.prior.size(), 0);
  add_scores(token.logprobs, state.score);
}

void weigh(std::span<const double> parameters, const GateState& state, std::span<const double>,
           std::span<double> out) {
  posterior(parameters[0], state, out);
}

}  // namespace

constinit const Gate kPromptGate = {
    .name = "prompt",
    .help = "who predicted the whole prompt best; frozen while answering",
    .formula = "w_k ~ pi_k exp(sum ln p_k(x_t) / tau), t over the prompt",
    .parameters = kParameters,
    .hears = {true, true, true},
    .modes = {},
    .start = start,
    .observe = observe_prompt,
    .weigh = weigh,
};

}  // namespace mod::mix
