// Results and samples in the layout of lm-evaluation-harness (its --output_path with
// --log_samples), so that tools which read those read ours. What it has no place for stands under
// the key "mod".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/evaluate.h"

namespace mod::eval {

/// Writes FOLDER/LABEL/results_DATE.json and samples_TASK_DATE.jsonl for every row; returns the
/// results files. Each file appears whole or not at all. Throws Error(kIo).
std::vector<std::filesystem::path> write_lm_eval_files(const std::filesystem::path& folder,
                                                       const Evaluation& evaluation,
                                                       const Results& results);

/// "exact_match,strict-match": lm-evaluation-harness' name of a grader's accuracy.
std::string lm_eval_metric(const std::string& grader);

}  // namespace mod::eval
