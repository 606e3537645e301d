// The page of `mod eval --html`: the table, bars with their errors, how far models agree, and the
// items where they differ. Pure; thread-safe. Texts are as models wrote them: escaped here.
#pragma once

#include <string>
#include <vector>

#include "report/eval_table.h"

namespace mod::report {

/// How alike two models' distributions are, where somebody measured it; rows and columns as `rows`.
struct Likeness {
  std::vector<std::string> rows;                    // eval::Row::model
  std::vector<std::vector<double>> top1;            // share of tokens, 0 to 1; empty: not known
  std::vector<std::vector<double>> jensen_shannon;  // mean distance (square root), nats^1/2
};

struct EvalPage {
  std::string title = "Evaluation";
  std::string note;  // one more line under the title: what was cut short, the command, ...
  Likeness likeness;
};

/// One self-contained page. The script makes the list of items as it is looked at, so that 20
/// models by 1,200 items stay usable; the rest is there without JavaScript.
std::string eval_page_html(const eval::Results& results, const EvalPage& page);

}  // namespace mod::report
