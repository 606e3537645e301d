// How fast an answer came, beside what the machine's memory allows.
#pragma once

#include <string>

#include "bundle/bundle.h"
#include "cpu/context.h"
#include "nn/model.h"

namespace mod::cli {

/// Bytes per second at which this process reads the model's weights and does nothing else: median
/// of a few passes over at most 512 MiB of them. Costs a few hundredths of a second.
double weight_read_rate(const nn::Model& model, const Context& context);

struct SpeedOfAnswer {
  std::size_t prompt_tokens = 0, generated_tokens = 0;
  double prompt_seconds = 0, generation_seconds = 0;  // to the first token; all the others
};

/// One line: tokens per second of prompt and answer, and the share of the limit that the answer
/// reached (left out for mixtures that do not evaluate every expert for every token).
std::string speed_text(const SpeedOfAnswer& speed, const bundle::Bundle& bundle,
                       const Context& context);

}  // namespace mod::cli
