// What a person should know about the result of a fit.
#pragma once

#include "mix/fit/fit_mixture.h"

namespace mod::mix {

/// Adds to result.warnings: experts that are useless, equal weights, parameters at their limits, no
/// gain over the best expert, texts too few for intervals.
void warn_about(FitResult& result);

}  // namespace mod::mix
