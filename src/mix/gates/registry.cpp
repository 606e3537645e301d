#include "mix/gates/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr std::array kGates = {
    &kFixedGate, &kPromptGate, &kTurnGate, &kShareGate, &kEntropyGate,
};

constexpr double kInf = std::numeric_limits<double>::infinity();

/// Whether an expert that counts gives the token a probability (or a NaN, which has to be seen).
bool tells_something(const Observation& token, const GateState& state) {
  for (std::size_t k = 0; k < token.logprobs.size(); ++k) {
    if (state.prior[k] != -kInf && token.logprobs[k] != -kInf) return true;
  }
  return false;
}

void check_sizes(const Gate& gate, std::span<const double> parameters, std::size_t experts,
                 std::size_t numbers, bool may_be_empty) {
  if (parameters.size() != gate.parameters.size()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("gate {}: {} parameters instead of {}", gate.name, parameters.size(),
                            gate.parameters.size()));
  }
  if (numbers != experts && !(numbers == 0 && may_be_empty)) {
    throw Error(ErrorCode::kInternal,
                fmt::format("gate {}: {} numbers for {} experts", gate.name, numbers, experts));
  }
}

}  // namespace

std::span<const Gate* const> gates() { return kGates; }

const Gate* find_gate(std::string_view name) {
  for (const Gate* gate : kGates) {
    if (gate->name == name) return gate;
  }
  return nullptr;
}

double log_sum_exp(std::span<const double> x) {
  double most = -kInf, sum = 0;
  for (const double v : x) most = std::max(most, v);
  if (most == -kInf) most = 0;  // a NaN still shows in the sum
  for (const double v : x) sum += std::exp(v - most);
  return most + std::log(sum);
}

std::vector<double> log_prior(std::span<const double> weights, std::size_t experts) {
  if (weights.empty()) {
    return std::vector<double>(experts, -std::log(static_cast<double>(experts)));
  }
  double sum = 0;
  for (const double weight : weights) {
    if (!(weight >= 0) || weight == kInf) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("weight {}: a weight is a number from 0 on", weight));
    }
    sum += weight;
  }
  if (!(sum > 0) || sum == kInf) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("the weights sum to {}: give at least one expert a weight above 0", sum));
  }
  std::vector<double> prior;
  for (const double weight : weights) {
    prior.push_back(weight == sum ? 0 : std::log(weight) - std::log(sum));
  }
  return prior;
}

GateState start_gate(const Gate& gate, std::span<const double> prior) {
  GateState state;
  state.prior.assign(prior.begin(), prior.end());
  gate.start(state);
  return state;
}

void observe(const Gate& gate, std::span<const double> parameters, const Observation& token,
             GateState& state) {
  check_sizes(gate, parameters, state.prior.size(), token.logprobs.size(), true);
  if (!token.logprobs.empty() && !tells_something(token, state)) {
    Observation silent = token;
    silent.logprobs = {};
    return gate.observe(parameters, silent, state);
  }
  gate.observe(parameters, token, state);
}

void log_weights(const Gate& gate, std::span<const double> parameters, const GateState& state,
                 std::span<const double> entropies, std::span<double> out) {
  check_sizes(gate, parameters, state.prior.size(), entropies.size(), !gate.needs_entropies);
  check_sizes(gate, parameters, state.prior.size(), out.size(), false);
  gate.weigh(parameters, state, entropies, out);
  const double sum = log_sum_exp(out);
  for (double& w : out) w -= sum;
}

}  // namespace mod::mix
