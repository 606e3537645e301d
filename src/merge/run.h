// A merge from plan to finished folder: checks the folder, writes the shards, stages the files
// beside them, commits; resumes where an earlier run of the same recipe and inputs stopped.
#pragma once

#include <filesystem>
#include <vector>

#include "cpu/context.h"
#include "merge/executor.h"
#include "merge/output/report.h"
#include "merge/plan.h"

namespace mod::merge {

struct RunOptions {
  bool overwrite = false;
  bool resume = false;
  bool copy_tokenizer = true;
  bool write_card = true;
  bool hash = true;
  ExecuteOptions execute;
};

struct RunResult {
  double seconds = 0;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  Totals totals;
  std::vector<TensorReport> reports;
  std::size_t resumed_shards = 0;
};

/// Throws Error: kInvalidInput before anything is touched (folder in the way), kIo, kCancelled.
/// After a failure the folder holds nothing that looks finished.
RunResult merge_to_folder(const Plan& plan, const std::filesystem::path& out,
                          const RunOptions& options, const Context& context);

}  // namespace mod::merge
