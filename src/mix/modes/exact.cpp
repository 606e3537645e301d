// Every expert for every token.
#include "mix/blend.h"
#include "mix/modes/mode_runner.h"

namespace mod::mix {

void predict_exact(const ModeTools& tools, std::span<StreamState* const> streams) {
  std::vector<Reading> readings;
  for (StreamState* stream : streams) read_all_experts(*stream, readings);
  tools.reader.read(readings);
  for (StreamState* stream : streams) predict_mixture(tools.mixture, tools.context, *stream);
}

}  // namespace mod::mix
