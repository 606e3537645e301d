// The table of an evaluation for a terminal and as markdown, and how its numbers are written.
#pragma once

#include <string>

#include "report/eval_table.h"

namespace mod::report {

/// "97.6 ± 0.9", or with Wilson's interval "100.0 [98.7, 100.0]"; per cent.
std::string score_text(const Score& score);

/// "+2.0 p 0.031", noise as "≈ +0.3 p 0.81"; per cent points.
std::string difference_text(const Difference& difference);

/// "0.031", "< 0.001".
std::string p_text(double p);

/// Two lines a row: scores, and below them the differences to the best parent. Ends with a newline.
std::string table_text(const EvalTable& table);

/// GitHub's markdown, one line a row; model names cannot break the table.
std::string table_markdown(const EvalTable& table);

/// What the table's marks mean, one sentence a line; for below it.
std::string table_notes(const EvalTable& table);

}  // namespace mod::report
