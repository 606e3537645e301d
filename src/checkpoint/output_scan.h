// What lies in an output folder, and what an earlier run left there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mod::checkpoint {

inline constexpr std::string_view kMarkerName = "mod_merge.mod-tmp";

/// The marker of a run that works, or that died. `committing`: all files were written and their
/// renaming had begun.
struct RunMarker {
  bool committing = false;
  std::vector<std::string> files;  // final names
};

/// Replaces the marker atomically. Throws Error(kIo).
void write_marker(const std::filesystem::path& folder, const RunMarker& marker);

struct FolderScan {
  bool has_marker = false;              // of a run that did not finish
  std::vector<std::string> earlier;     // final names that its marker lists
  std::vector<std::string> leftovers;   // of that run: present and safe to remove
  std::vector<std::string> checkpoint;  // finished files of a checkpoint
  std::vector<std::string> unknown;     // everything else, folders included
};

/// Sorted names; all empty for a folder that does not exist. Throws Error(kIo).
FolderScan scan_output(const std::filesystem::path& folder);

/// Removes files, those that make a folder look finished (index, config.json) first, the marker
/// last. A symbolic link is removed, never what it points to. Throws Error(kIo).
void remove_files(const std::filesystem::path& folder, std::vector<std::string> names);

}  // namespace mod::checkpoint
