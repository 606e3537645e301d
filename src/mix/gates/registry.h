// The gates' table entries, one file each.
#pragma once

#include "mix/gate.h"

namespace mod::mix {

extern const Gate kFixedGate;
extern const Gate kPromptGate;
extern const Gate kTurnGate;
extern const Gate kShareGate;
extern const Gate kEntropyGate;

}  // namespace mod::mix
