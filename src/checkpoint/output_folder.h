// A checkpoint being written: shards preallocated under temporary names with their headers already
// in place, tensors written at absolute offsets from any thread, then synced and renamed.
// config.json is renamed into place after the last shard and the shard index last of all, so a
// killed run never looks finished. Only files that belong to a checkpoint are ever removed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "checkpoint/folder_lock.h"
#include "io/file.h"

namespace mod::checkpoint {

struct ShardLayout {
  std::string file_name;   // final name, "model-00001-of-00004.safetensors"
  std::string header;      // bytes up to the data
  std::uint64_t size = 0;  // of the whole file
};

class OutputFolder {
 public:
  struct Options {
    bool overwrite = false;
    bool resume = false;                        // keep finished shards and temporary files
    std::vector<std::filesystem::path> inputs;  // folders that must not be written to
  };

  /// Checks the folder (absent, empty, or with --overwrite) without changing anything.
  /// Throws Error(kInvalidInput) that names what is in the way.
  static void check(const std::filesystem::path& folder, const Options& options);

  /// Creates the folder, removes leftovers of earlier runs (with a note to `log`), removes a former
  /// checkpoint's files with `overwrite`.
  OutputFolder(std::filesystem::path folder, const Options& options, Log& log);
  /// Removes every temporary file unless commit() was reached or keep_for_resume() was called.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Creates and preallocates all shards except those listed in `finished` (kept from an earlier
  /// run; their size and header are compared, Error(kInvalidInput) if they differ). Called once.
  void create_shards(std::vector<ShardLayout> shards, const std::vector<bool>& finished);
  /// Thread-safe. `offset` is absolute in the shard's file.
  void write(int shard, std::uint64_t offset, std::span<const std::byte> data);
  /// Thread-safe; for hashing what was written.
  const io::File& shard_file(int shard) const { return files_[static_cast<std::size_t>(shard)]; }
  /// Syncs one shard and renames it to its final name.
  void finish_shard(int shard);
  /// Stages a small file (temporary name); renamed by commit().
  void add_file(const std::string& name, std::string_view content);
  void copy_file(const std::filesystem::path& from, const std::string& name);
  /// Renames staged files, config.json after the others, `index_name` last ("" without an index);
  /// syncs the folder and removes what is left of *.mod-tmp.
  void commit(const std::string& index_name);
  /// After a failure: leave finished shards and the resume state (*.mod-tmp files that this class
  /// did not make) for --resume.
  void keep_for_resume() { keep_ = true; }

  const std::filesystem::path& path() const { return folder_; }

 private:
  enum class State : std::uint8_t { kTemporary, kFinal };
  struct Staged {
    std::string name;  // final
    State state;
  };

  void prepare(const Options& options);
  void remove_old(std::vector<std::string> names, std::string_view why);
  void keep_shard(std::size_t shard);
  void create_shard(std::size_t shard);
  void stage(const std::string& name, io::File& file);
  io::File new_temporary(const std::string& name);
  void publish(Staged& file);
  std::vector<std::string> all_names() const;
  void clean_up() noexcept;
  void remove_created_folders() noexcept;

  std::filesystem::path folder_;
  Log& log_;
  FolderLock lock_;
  std::vector<std::filesystem::path> created_;  // folders, outermost first
  std::vector<std::string> earlier_;            // files of the run that is resumed
  std::vector<ShardLayout> shards_;
  std::vector<State> states_;  // of the shards
  std::vector<io::File> files_;
  std::vector<Staged> staged_;
  bool resuming_ = false;  // and no layout accepted yet: nothing here is this run's to remove
  bool committed_ = false;
  bool keep_ = false;
};

/// Files that make up a checkpoint (weights, index, config, tokenizer files, card, report) and
/// everything that ends in .mod-tmp: what --overwrite may remove.
bool is_checkpoint_file(std::string_view name);

}  // namespace mod::checkpoint
