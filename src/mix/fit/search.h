// The best value of one number: temperatures, tau and rate by likelihood on data.
#pragma once

#include <functional>

#include "mix/table.h"

namespace mod::mix {

struct SearchOptions {
  double low = 0, high = 1;  // both are tried themselves
  bool logarithmic = false;  // steps of equal factors; low > 0
  int grid = 15;  // first look, at least 3: the best of several optima is found if wide enough
  double tolerance = 1e-3;  // of the value (of its logarithm if logarithmic)
};

struct SearchResult {
  double at = 0, value = 0;
  int evaluations = 0;
};

/// The largest objective(x) over [low, high]: a grid, then golden sections between the neighbours
/// of its best point. An objective of NaN or -inf is worse than any number; where all are, the
/// result is `low` with -inf. Of equal values the first on the grid. Throws Error(kInvalidInput)
/// for limits that are no interval.
SearchResult maximise(const std::function<double(double)>& objective, const SearchOptions& options);

}  // namespace mod::mix
