// What a merge says about itself: mod_report.json, its totals, and the warnings that only the
// finished merge can give (the share of the MoD reference rule).
#pragma once

#include <string>
#include <vector>

#include "merge/executor.h"
#include "merge/plan.h"

namespace mod::merge {

using checkpoint::Json;

/// Totals over all tensors, by model (order of Plan::models).
struct Totals {
  std::uint64_t elements = 0;         // of all output tensors
  std::uint64_t merged_elements = 0;  // of those that a method worked on (not copies)
  std::vector<std::uint64_t> taken;   // over the merged ones
  std::vector<double> share;          // taken / merged_elements
  std::vector<double> distance;       // |output - model|, L2 over all tensors that were compared
  std::uint64_t nonfinite = 0;
  std::vector<std::string> differing;  // integer tensors that are not the same in all inputs
};

Totals total(const Plan& plan, const std::vector<TensorReport>& reports);

struct RunFacts {
  double seconds = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  int threads = 0;
};

/// The whole mod_report.json (docs/report.md).
Json report_json(const Plan& plan, const std::vector<TensorReport>& reports, const RunFacts& facts);

/// One tensor's entry, and back (used by the resume state). `tensor` selects names and models.
Json tensor_json(const Plan& plan, const PlannedTensor& tensor, const TensorReport& report);
TensorReport tensor_from_json(const Plan& plan, const PlannedTensor& tensor, const Json& json);

/// What a user should know after the merge: shares of mod that are far from their weights, integers
/// that differ between the models.
std::vector<std::string> report_warnings(const Plan& plan, const Totals& totals);

}  // namespace mod::merge
