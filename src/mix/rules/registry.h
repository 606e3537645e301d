// The rules' table entries, one file each.
#pragma once

#include "mix/rule.h"

namespace mod::mix {

extern const Rule kLinearRule;
extern const Rule kLogLinearRule;
extern const Rule kContrastiveRule;
extern const Rule kProxyRule;
extern const Rule kPowerRule;

}  // namespace mod::mix
