// From what the experts of a stream predict to what the mixture does: the gate's weights, then the
// rule.
#pragma once

#include <span>
#include <vector>

#include "cpu/context.h"
#include "mix/mixture.h"
#include "mix/stream_state.h"

namespace mod::mix {

/// Sets prior and gate for an empty text. `weights` as Mixture::weights; throws as check_mixture.
void set_weights(const Mixture& mixture, std::span<const double> weights, StreamState& stream);

/// Lets the gate take in the tokens that it can: all up to the first one that an expert has not
/// scored yet.
void listen(const Mixture& mixture, StreamState& stream);

/// Weights of the next token, in order of the experts: shares that sum to 1, or exponents. A gate
/// that needs entropies takes those of the slots.
std::vector<double> weights_now(const Mixture& mixture, const StreamState& stream);

/// out = the mixture of rows of log-probabilities, one an expert, under weights_now's weights.
void mix_rows(const Mixture& mixture, std::span<const double> weights,
              std::span<const float* const> rows, std::span<float> out, const Context& context);

/// Log-probabilities of one token under each expert to who is responsible for it (mix/rule.h).
std::vector<double> attribute_token(const Mixture& mixture, std::span<const double> weights,
                                    std::span<const double> logprobs);

/// The stream's prediction becomes the mixture of its active slots, all of which are current.
void predict_mixture(const Mixture& mixture, const Context& context, StreamState& stream);

/// The stream's prediction becomes that of one current slot, under these weights.
void predict_expert(std::size_t expert, std::span<const double> weights, bool is_mixture,
                    StreamState& stream);

/// The stream's prediction becomes what stands in its `mixed`, made of some of the experts.
void predict_partial(std::span<const double> weights, StreamState& stream);

}  // namespace mod::mix
