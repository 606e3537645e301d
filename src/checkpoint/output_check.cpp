#include <unistd.h>

#include <system_error>

#include "checkpoint/output_folder.h"
#include "checkpoint/output_scan.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void invalid(const fs::path& folder, const std::string& reason) {
  throw Error(ErrorCode::kInvalidInput, "output folder " + folder.string() + ": " + reason);
}

void check_inputs(const fs::path& folder, const std::vector<fs::path>& inputs) {
  for (const fs::path& input : inputs) {
    std::error_code error;
    const fs::path input_folder =
        fs::is_directory(input, error) ? input : fs::absolute(input, error).parent_path();
    const bool same = fs::exists(folder, error) ? fs::equivalent(folder, input_folder, error)
                                                : fs::weakly_canonical(folder, error) ==
                                                      fs::weakly_canonical(input_folder, error);
    if (same) {
      invalid(folder, "is the folder of the input " + input.string() +
                          ", and inputs are never written to; use another folder");
    }
  }
}

/// The folder itself, or the nearest parent that exists, must be a folder that can be written to.
void check_place(const fs::path& folder) {
  std::error_code error;
  fs::path at = fs::absolute(folder, error);
  while (at.has_relative_path() && !fs::exists(fs::symlink_status(at, error)))
    at = at.parent_path();
  const fs::file_status status = fs::status(at, error);
  if (!fs::is_directory(status)) {
    invalid(folder, at == fs::absolute(folder, error)
                        ? std::string("is no folder")
                        : "cannot be made, because " + at.string() + " is no folder");
  }
  if (::access(at.c_str(), W_OK | X_OK) != 0) {
    invalid(folder, "no permission to write in " + at.string());
  }
}

std::string first_names(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) {
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  }
  return names.size() > 3 ? text + " and " + std::to_string(names.size() - 3) + " more" : text;
}

}  // namespace

void OutputFolder::check(const fs::path& folder, const Options& options) {
  if (folder.empty()) throw Error(ErrorCode::kInvalidInput, "the output folder has no name");
  check_inputs(folder, options.inputs);
  check_place(folder);
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  const FolderLock probe(folder);
  const FolderScan scan = scan_output(folder);
  if (options.resume && scan.has_marker) return;
  for (const std::string& name : scan.unknown) {
    if (is_checkpoint_file(name)) {
      invalid(folder, quote_name(name) + " is no file, and a file of that name is to be written");
    }
  }
  if (options.overwrite) return;
  if (!scan.checkpoint.empty()) {
    invalid(folder, "holds a checkpoint already (" + first_names(scan.checkpoint) +
                        "); use another folder, or --overwrite to replace it");
  }
  if (!scan.unknown.empty()) {
    invalid(folder, "is not empty (" + first_names(scan.unknown) +
                        "); use another folder, or --overwrite to write beside them");
  }
}

}  // namespace mod::checkpoint
