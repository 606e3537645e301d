// One model on one task: asks the items that are not answered yet, grades and keeps them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "eval/evaluate.h"

namespace mod::eval {

/// What a cell is computed from. All references outlive the run.
struct CellJob {
  const EvalSettings& settings;
  const Task& task;
  const TaskData& data;
  const ModelInfo& info;
  std::string title;  // for the progress: "base, math (2 of 8)"
};

/// Items in the order of the data. False where the context said stop: then the cell holds what was
/// answered.
bool run_cell(const CellJob& job, EvalModel& model, RunFolder& folder, const Context& context,
              Cell& cell);

}  // namespace mod::eval
