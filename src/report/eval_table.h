// The table of an evaluation as numbers: every row's score on every task and their mean, the paired
// difference to the best parent, and what the row costs. Texts and pages print it. Pure;
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/results.h"
#include "eval/stats/stats.h"

namespace mod::report {

/// Differences with a p of at least this are called noise. No correction for many comparisons.
inline constexpr double kNoiseP = 0.05;

/// This row minus the best parent. Paired: over the items that both have answered.
struct Difference {
  std::string against;                          // label of the best parent
  double value = 0;                             // of accuracies, -1 to 1
  std::uint64_t only_this = 0, only_other = 0;  // items that one of the two alone has right
  std::size_t n = 0;                            // items that both have
  double p = 1;  // exact two-sided McNemar; for the mean over the items of all tasks together

  bool is_noise() const { return p >= kNoiseP; }
};

struct Score {
  double accuracy = 0, error = 0;  // 0 to 1; its standard error
  std::size_t n = 0;
  /// Wilson's 95 % interval, where no or every item is right and the standard error says nothing.
  std::optional<eval::Interval> interval;
  std::optional<double> accuracy_qwen;
  bool is_best_parent = false;
  std::optional<Difference> difference;  // absent for the best parent, and where there is none
};

struct TableRow {
  const eval::Row* source = nullptr;  // in the results, which must outlive the table
  std::string model, label;           // the oracle's model is "oracle"
  eval::RowKind kind = eval::RowKind::kParent;
  bool is_parent = false;  // named by a merge or mixture of the table; every model where none is
  bool is_added = false;
  std::vector<std::optional<Score>> scores;  // one a task; absent: not answered
  std::optional<Score> mean;                 // of the tasks; absent unless all are there
  std::optional<double> tokens_per_second;   // new tokens
  std::optional<double> passes_per_token;    // forward passes of all experts a new token
  std::uint64_t memory_bytes = 0;            // 0: not known
};

struct EvalTable {
  std::vector<std::string> tasks;
  std::vector<TableRow> rows;  // parents, other models, merges, mixtures, oracle
  bool is_complete = true;     // false: the run was stopped before every item was answered

  /// The mean is a column of its own.
  bool has_mean() const { return tasks.size() > 1; }
};

/// The best parent of a task is the best parent on that task; of the mean, the one with the best
/// mean; the first of equals.
EvalTable eval_table(const eval::Results& results);

/// Exact McNemar test of two answers to the same items, matched by their ids.
Difference paired_difference(const std::vector<eval::ItemResult>& ours,
                             const std::vector<eval::ItemResult>& theirs);

/// "parent", "model", "merge", "mixture", "oracle".
std::string_view kind_text(const TableRow& row);

}  // namespace mod::report
