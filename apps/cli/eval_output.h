// What `mod eval` prints.
#pragma once

#include "eval/results.h"
#include "eval_options.h"

namespace mod::cli {

/// The table on stdout and --json.
void show_results(const eval::Results& results, const EvalArguments& arguments);

/// `--tasks list`: what each task needs and where it comes from.
void show_tasks(const EvalArguments& arguments);

}  // namespace mod::cli
