#include "mix/modes/mode_runner.h"

namespace mod::mix {

Predict mode_function(ModeKind kind) {
  switch (kind) {
    case ModeKind::kDraw:
      return predict_draw;
    case ModeKind::kCertified:
      return predict_certified;
    case ModeKind::kLazy:
      return predict_lazy;
    case ModeKind::kExact:
      break;
  }
  return predict_exact;
}

void read_all_experts(StreamState& stream, std::vector<Reading>& readings) {
  for (std::size_t k = 0; k < stream.slots.size(); ++k) {
    if (stream.active[k]) readings.push_back({&stream, k});
  }
}

}  // namespace mod::mix
