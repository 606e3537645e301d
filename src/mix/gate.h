// What a gate is: a table entry and three functions that turn what the experts thought of the text
// so far into weights. A new gate is one new file in gates/ and one line in gates/registry.cpp. All
// weights are logarithms in fp64. An expert whose prior is 0 never gets a weight.
//
// Gates see each expert's calibrated distribution (after its own temperature), without masks and
// without the final sampling chain.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "mix/table.h"

namespace mod::mix {

/// Which part of a text a token belongs to.
enum class Part {
  kContext,  // system prompt, earlier turns
  kTurn,     // the last turn: from the end of the previous message to the end of the prompt
  kAnswer,   // generated, or to be scored as if it were
};

/// A token that was appended to the text. `logprobs`: ln p_k(token | text before it), one an
/// expert; empty for a token that no prediction came before (the first one of a text).
struct Observation {
  std::span<const double> logprobs;
  Part part = Part::kAnswer;
  bool starts_turn = false;  // the first token of a new turn: `turn` begins again
};

/// What a gate remembers of one text: a value of three numbers an expert, so that a copy is a
/// snapshot to which the text can be rolled back.
struct GateState {
  std::vector<double> prior;    // log-weights that sum to 1
  std::vector<double> score;    // prompt, turn: sum of ln p_k; share: log-weights now
  std::vector<double> pending;  // prompt: ln p_k of the answer, which a next prompt includes

  friend bool operator==(const GateState&, const GateState&) = default;
};

/// Of which parts of a text a gate wants to know the experts' probabilities.
struct Hears {
  bool context = false, turn = false, answer = false;

  bool any() const { return context || turn || answer; }
  bool operator()(Part part) const {
    return part == Part::kContext ? context : part == Part::kTurn ? turn : answer;
  }
};

struct Gate {
  std::string_view name;
  std::string_view help;     // one line
  std::string_view formula;  // plain text
  std::span<const Parameter> parameters;
  bool needs_weights =
      false;  // an error without weights; else they are the prior, uniform if absent
  Hears hears;
  bool needs_entropies = false;  // of every expert's current prediction
  bool follows_answer = false;   // generated tokens change the weights
  Modes modes;
  /// state.prior is set; the rest is to be.
  void (*start)(GateState& state) = nullptr;
  /// Is not called for tokens without log-probabilities, except to begin a turn.
  void (*observe)(std::span<const double> parameters, const Observation& token,
                  GateState& state) = nullptr;
  /// Unnormalised log-weights.
  void (*weigh)(std::span<const double> parameters, const GateState& state,
                std::span<const double> entropies, std::span<double> out) = nullptr;
};

/// All gates in the order of the docs, and one by name (nullptr if unknown).
std::span<const Gate* const> gates();
const Gate* find_gate(std::string_view name);

/// Log of weights divided by their sum; -inf for 0. Throws Error(kInvalidInput) where a weight is
/// negative or not finite, or all are 0. An empty list gives `experts` equal ones.
std::vector<double> log_prior(std::span<const double> weights, std::size_t experts);

/// The state of an empty text.
GateState start_gate(const Gate& gate, std::span<const double> prior);

/// Takes in the next token of the text. A token that every expert of positive weight gives
/// probability 0 tells nothing: the state stays as it is. NaN makes the weights NaN.
void observe(const Gate& gate, std::span<const double> parameters, const Observation& token,
             GateState& state);

/// Log-weights for the next token; they sum to 1. `entropies` (nats, of the current predictions)
/// may be empty where the gate does not need them.
void log_weights(const Gate& gate, std::span<const double> parameters, const GateState& state,
                 std::span<const double> entropies, std::span<double> out);

/// ln sum e^x; -inf where every x is (or there is none).
double log_sum_exp(std::span<const double> x);

}  // namespace mod::mix
