// What an evaluation found, as plain data: models (rows) by tasks (cells) by items. Runs fill it,
// tables and pages read it. All rows answer the same items in the same order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mod::eval {

enum class RowKind {
  kParent,   // a model folder, also one that no recipe or mixture names
  kMerge,    // a recipe, merged in memory
  kMixture,  // several models whose distributions are combined
  kOracle,   // right where any parent is right: an upper bound, not a system
};

/// "model", "merge", "mixture", "oracle": the words of --json.
std::string_view row_kind_name(RowKind kind);

/// One sampled reply.
struct Reply {
  std::string response;               // whole, UTF-8
  std::optional<std::string> graded;  // what was taken from the reply as its answer
  bool correct = false;               // by the task's grader
  std::optional<bool> correct_qwen;   // by the reference protocol with its flaws; math sets only
  std::uint64_t new_tokens = 0;
  std::string finish;  // "stop", "length", "context" (the prompt filled it); or empty
};

/// One choice of a multiple-choice item.
struct Choice {
  std::string text;
  double logprob = 0;    // natural, of the whole continuation given the context
  bool is_best = false;  // the sum is the largest (`acc`)
};

/// One item of one task, answered by one model. The Reply is the first sample's.
struct ItemResult : Reply {
  std::string id;              // unique in the task
  std::string question, gold;  // for people; the gold as it is compared
  std::uint64_t prompt_tokens = 0;
  double seconds = 0;  // from the item that was finished before it to this one
  std::map<std::string, std::uint64_t> forward_passes;  // by expert, of all samples
  std::vector<Reply> more_samples;                      // those after the first (--samples k)
  std::vector<Choice> choices;                          // multiple choice: `correct` is acc
  std::map<std::string, bool> more_metrics;  // further verdicts on the same reply: "acc_norm", ...
};

/// One task, answered by one model.
struct Cell {
  std::string task;
  std::vector<ItemResult> items;
  double accuracy = 0, stderr_accuracy = 0;  // 0 to 1, of the first samples
  std::optional<double> accuracy_qwen;
  double seconds = 0;                                     // of running, loading left out
  std::uint64_t prompt_tokens = 0, new_tokens = 0;        // of all samples
  std::map<std::string, std::uint64_t> forward_passes;    // expert -> times its weights were read
  std::map<std::string, double> metrics, metrics_stderr;  // further ones: "acc_norm", "maj@8", ...
};

/// One model, merge, mixture, or the oracle.
struct Row {
  std::string model;  // the argument as typed; empty for the oracle
  std::string label;  // short and unique, for tables
  RowKind kind = RowKind::kParent;
  std::vector<std::string> parents;  // `model` of the rows that a recipe or mixture names
  bool is_exact = true;   // false: a mixture that leaves experts out and is off by a little
  bool is_added = false;  // not typed: added as a parent of another row
  std::uint64_t memory_bytes = 0;  // of weights
  std::vector<Cell> cells;         // one a task, in the order of Results::tasks

  const Cell* find(std::string_view task) const;
};

/// How alike the rows' next-token distributions are, all at the same positions of the same texts.
/// Rows and columns of the matrices as `rows`.
struct Likeness {
  std::size_t positions = 0, texts = 0;
  std::string source;                               // Row::model: the texts are its replies
  std::vector<std::string> rows;                    // Row::model
  std::vector<std::vector<double>> top1;            // share of positions, 0 to 1
  std::vector<std::vector<double>> jensen_shannon;  // mean distance (square root), nats^1/2
  std::vector<std::pair<std::string, std::string>> left_out;  // Row::model, why
};

struct Results {
  std::vector<std::string> tasks;
  std::vector<Row> rows;  // as evaluated
  std::uint64_t seed = 0;
  std::string date, version;         // ISO 8601 in UTC; of mod
  int samples = 1;                   // replies to each item
  bool is_complete = true;           // false: stopped by the user
  std::optional<Likeness> likeness;  // where it was asked for, and there are two rows to compare
};

/// Everything of a cell but `task` and `items`, from its items.
void finish_cell(Cell& cell);

/// Any parent right, item by item; for the tasks that every parent has answered, on the items that
/// all of them have. No cells without at least two parents.
Row oracle_row(const Results& results);

}  // namespace mod::eval
