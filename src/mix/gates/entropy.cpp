#include <limits>

#include "mix/gates/registry.h"

namespace mod::mix {
namespace {

constexpr Parameter kParameters[] = {
    {"tau", 0.25, 0, 1e6, "nats; smaller: more to the surest expert", false, true},
};
constexpr std::string_view kReason = "gate entropy needs every expert's current prediction";

void start(GateState&) {}

void observe_nothing(std::span<const double>, const Observation&, GateState&) {}

void weigh(std::span<const double> parameters, const GateState& state,
           std::span<const double> entropies, std::span<double> out) {
  for (std::size_t k = 0; k < out.size(); ++k) {
    const bool absent = state.prior[k] == -std::numeric_limits<double>::infinity();
    out[k] = absent ? state.prior[k] : state.prior[k] - entropies[k] / parameters[0];
  }
}

}  // namespace

constinit const Gate kEntropyGate = {
    .name = "entropy",
    .help = "who is surest of the next token",
    .formula = "w_k ~ pi_k exp(-H(p_k) / tau)",
    .parameters = kParameters,
    .needs_entropies = true,
    .follows_answer = true,
    .modes = {.draw = {false, kReason}, .certified = {false, kReason}, .lazy = {false, kReason}},
    .start = start,
    .observe = observe_nothing,
    .weigh = weigh,
};

}  // namespace mod::mix
