// The folder of a run (--out): what was asked, and every answered item as soon as it is known, so
// that a run that was killed can go on.
//
//   run.json              what decides the answers: models, tasks, seed, ...
//   items/ROW.TASK.jsonl  answered items, one a line; only ever appended to
//   likeness/             what likeness_run.h keeps; a run that begins anew removes it
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkpoint/folder_lock.h"
#include "eval/results.h"
#include "io/file.h"

namespace mod::eval {

enum class OpenRun {
  kNew,        // refuses to replace a run that was not finished
  kResume,     // goes on with the run that is there; a new one where there is none
  kOverwrite,  // replaces whatever run is there
};

/// Not thread-safe.
class RunFolder {
 public:
  /// `asked`: {"models": [{"model", "fingerprint"}..], "tasks": [{"task", "fingerprint",
  /// "items"}..], and single values}, compared key by key. Creates the folder and keeps other runs
  /// out of it. Throws Error(kInvalidInput) that says what differs or what to do, kCorruptFile,
  /// kIo.
  RunFolder(std::filesystem::path folder, const nlohmann::ordered_json& asked, OpenRun how);

  const std::filesystem::path& path() const { return folder_; }

  /// Items that were answered before, each once, in the order in which they finished. A last line
  /// that was not written whole is dropped.
  std::vector<ItemResult> answered(const std::string& row, const std::string& task) const;

  /// `row` and `task` are names; equal ones go to the same file.
  void append(const std::string& row, const std::string& task, const ItemResult& item);
  /// Everything appended so far reaches the disk.
  void sync();

  /// The run is complete: a new one may replace it.
  void finish();

 private:
  struct Log {
    io::File file;
    std::uint64_t size = 0;
    bool is_dirty = false;
  };

  std::filesystem::path file_of(const std::string& row, const std::string& task) const;
  bool goes_on(const nlohmann::ordered_json& asked, OpenRun how) const;
  void start_anew(const nlohmann::ordered_json& asked);

  std::filesystem::path folder_;
  checkpoint::FolderLock lock_;
  std::map<std::filesystem::path, Log> logs_;
  nlohmann::ordered_json run_;
};

/// `text` as a part of a file name: letters, digits, '.', '-' and '_' stay, others become '_'; a
/// short hash tells two texts apart that would become equal.
std::string file_name(const std::string& text);

}  // namespace mod::eval
