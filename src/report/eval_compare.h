// `mod eval compare A.json B.json`: what changed between two evaluations of the same models, or
// between the only models of two. Reads what eval_json.h writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/html.h"

namespace mod::report {

struct ComparedScore {
  std::string model_a, model_b, kind, task;
  double a = 0, b = 0;              // accuracies, as the files say
  double error_a = 0, error_b = 0;  // their standard errors
  double difference = 0;            // b - a; of the common items where paired
  double p = 1;                     // exact McNemar where paired, else of the normal distribution
  bool paired = false;              // both files hold verdicts on common items
  std::size_t n = 0;                // common items
  std::uint64_t only_a = 0, only_b = 0;  // right in one alone
};

struct Comparison {
  std::vector<ComparedScore> scores;  // in the order of A
  /// "model, task" that the other file lacks.
  std::vector<std::string> only_a, only_b;
};

/// Entries match by model and task; where each file has but one model (the oracle aside), by task.
/// `name_a`, `name_b` are for messages. Throws Error(kCorruptFile) with the place of what is no
/// result, Error(kInvalidInput) where nothing matches.
Comparison compare_results(const Json& a, const Json& b, const std::string& name_a,
                           const std::string& name_b);

/// A table for the terminal, and what could not be compared.
std::string comparison_text(const Comparison& comparison);

Json comparison_json(const Comparison& comparison);

}  // namespace mod::report
