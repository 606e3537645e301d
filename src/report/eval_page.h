// The page of `mod eval --html`: the table, bars with their errors, how far models agree, and the
// items where they differ. Pure; thread-safe. Texts are as models wrote them: escaped here.
#pragma once

#include <string>

#include "report/eval_table.h"

namespace mod::report {

struct EvalPage {
  std::string title = "Evaluation";
  std::string note;  // one more line under the title: what was cut short, the command, ...
};

/// One self-contained page. The script makes the list of items as it is looked at, so that 20
/// models by 1,200 items stay usable; the rest is there without JavaScript.
std::string eval_page_html(const eval::Results& results, const EvalPage& page);

}  // namespace mod::report
