// What a mode is: a function that evaluates as many experts as it needs and sets the predictions of
// streams that were appended to. A new mode is one new file here and one line in mode_runner.cpp.
#pragma once

#include <span>

#include "mix/reader.h"

namespace mod::mix {

struct ModeTools {
  const Mixture& mixture;
  Reader& reader;
  const Context& context;
};

/// Streams go through the weights together.
using Predict = void (*)(const ModeTools& tools, std::span<StreamState* const> streams);

void predict_exact(const ModeTools& tools, std::span<StreamState* const> streams);
void predict_draw(const ModeTools& tools, std::span<StreamState* const> streams);
void predict_certified(const ModeTools& tools, std::span<StreamState* const> streams);
void predict_lazy(const ModeTools& tools, std::span<StreamState* const> streams);

Predict mode_function(ModeKind kind);

/// Adds every active expert of the stream.
void read_all_experts(StreamState& stream, std::vector<Reading>& readings);

}  // namespace mod::mix
