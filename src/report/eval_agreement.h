// How often models give the same answer.
#pragma once

#include <optional>
#include <vector>

#include "report/eval_table.h"

namespace mod::report {

/// Share of the items that both rows have answered on which the graded answers are equal (no answer
/// equals no answer). Nothing where there are no such items. Without the oracle: it is no system.
struct Agreement {
  std::vector<const TableRow*> rows;  // of the table
  std::vector<std::vector<std::optional<double>>> same;
};

Agreement agreement_of(const EvalTable& table);

}  // namespace mod::report
