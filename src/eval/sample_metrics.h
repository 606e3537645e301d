// Metrics of several samples an item: majority vote and pass@k.
#pragma once

#include "eval/results.h"

namespace mod::eval {

/// Adds "maj@k", "pass@1" (the mean over all samples) and "pass@k" with their errors for the k
/// samples that every item has; nothing for one sample. `maj@k` is the verdict on the most frequent
/// answer's first sample; no answer is an answer too.
void add_sample_metrics(Cell& cell);

}  // namespace mod::eval
