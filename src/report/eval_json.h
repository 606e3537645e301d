// The value of `mod eval --json`: the table and the verdict on every item, for programs and for
// `mod eval compare`. docs/eval-results.md has the keys.
#pragma once

#include "report/eval_table.h"
#include "report/html.h"

namespace mod::report {

/// {format, version, date, seed, samples, tasks, results: [one entry a row and task], means: [one a
/// row], likeness (if measured)}. Accuracies are 0 to 1. The table must be of the same results.
Json eval_json(const eval::Results& results, const EvalTable& table);

}  // namespace mod::report
