// The leading expert alone, as long as the others have next to no weight: then its distribution is
// within `epsilon` of the mixture's in total variation. The others follow in batches of `lag`
// tokens; the gate then hears those tokens, and may hand over the lead. Prompts and the first `lag`
// tokens of an answer are evaluated by all.
#include <algorithm>

#include "mix/blend.h"
#include "mix/modes/mode_runner.h"

namespace mod::mix {
namespace {

/// How far the expert that has read least is behind.
std::size_t longest_lag(const StreamState& stream) {
  std::size_t lag = 0;
  for (std::size_t k = 0; k < stream.slots.size(); ++k) {
    const Slot& slot = stream.slots[k];
    if (stream.active[k]) lag = std::max(lag, slot.text.size() - slot.session.length());
  }
  return lag;
}

}  // namespace

void predict_lazy(const ModeTools& tools, std::span<StreamState* const> streams) {
  const ModeSettings& mode = tools.mixture.mode;
  std::vector<Reading> readings;
  std::vector<std::vector<double>> weights;
  std::vector<std::size_t> leaders;
  for (StreamState* stream : streams) {
    listen(tools.mixture, *stream);
    weights.push_back(weights_now(tools.mixture, *stream));
    const auto most = std::max_element(weights.back().begin(), weights.back().end());
    const auto leader = static_cast<std::size_t>(most - weights.back().begin());
    const bool alone = stream->answer > mode.lag && *most > 1 - mode.epsilon &&
                       longest_lag(*stream) < mode.lag && !stream->has_unread_prompt();
    leaders.push_back(alone ? leader : stream->slots.size());
    if (alone) readings.push_back({stream, leader});
    if (!alone) read_all_experts(*stream, readings);
  }
  tools.reader.read(readings);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    StreamState& stream = *streams[i];
    if (leaders[i] == stream.slots.size()) {
      predict_mixture(tools.mixture, tools.context, stream);
    } else {
      predict_expert(leaders[i], weights[i], true, stream);
    }
  }
}

}  // namespace mod::mix
