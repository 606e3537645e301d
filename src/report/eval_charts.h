// The parts of an evaluation's page that are pictures: bars with errors, and matrices.
#pragma once

#include <optional>
#include <string>

#include "report/eval_table.h"

namespace mod::report {

/// One panel a task and one for the mean: a bar a row, its standard error (or Wilson's interval) as
/// a whisker, the best parent as a line through all.
std::string bars_html(const EvalTable& table);

/// Matrices of same answers and, where measured, of top-1 agreement and Jensen-Shannon distance,
/// with what they were measured on; empty for fewer than two models.
std::string agreement_html(const EvalTable& table, const std::optional<eval::Likeness>& likeness);

/// "k0" ... "k3": parents and models, merges, mixtures, the oracle, as in the style sheet.
std::string kind_class(const TableRow& row);

}  // namespace mod::report
