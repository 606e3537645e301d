// Compares what the rows of an evaluation predict at the same positions of the same texts. The
// texts are fixed by the row that is evaluated first, whose replies they are, so that every model
// is opened once: a row is measured as soon as it has answered, while it is still open. Its
// log-probabilities wait on disk, in OUT/likeness/ROW.safetensors beside texts.json, until all rows
// have theirs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/evaluate.h"
#include "eval/likeness.h"
#include "eval/likeness_file.h"
#include "eval/likeness_texts.h"

namespace mod::eval {

/// Not thread-safe. Keeps references to settings and data.
class LikenessRun {
 public:
  /// `folder`: of the run.
  LikenessRun(const EvalSettings& settings, std::span<const TaskData> data,
              const std::filesystem::path& folder, const Context& context);

  /// Measures a row that has answered everything, unless its file is there already. All ids of a
  /// text count as one prompt, as for `mod logits`: gates have heard what comes before a position.
  /// A row that cannot read the texts (its token ids mean other things, its context is too short,
  /// ...) or keep its numbers is left out with the reason. Throws Error(kCancelled).
  void add(const ModelInfo& info, EvalModel& model, const Row& row);

  /// Nothing where less than two rows were measured. Throws Error(kCancelled, kIo).
  std::optional<Likeness> finish();

 private:
  void choose_texts(const ModelInfo& info, const EvalModel& model, const Row& row);
  void check_row(const EvalModel& model) const;
  LogprobFile measure(const ModelInfo& info, EvalModel& model);
  LikenessMatrices compare() const;

  const EvalSettings& settings_;
  std::span<const TaskData> data_;
  std::filesystem::path folder_;
  const Context& context_;
  std::optional<LikenessTexts> texts_;                // since the first row
  std::shared_ptr<const text::Tokenizer> tokenizer_;  // of the first row
  std::vector<LogprobFile> files_;                    // one a measured row
  Likeness likeness_;                                 // all but the matrices
  double seconds_ = 0;                                // that it took
};

}  // namespace mod::eval
