#include "checkpoint/output_scan.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "checkpoint/model_folder.h"
#include "checkpoint/output_folder.h"
#include "checkpoint/quote.h"
#include "io/file.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxMarkerBytes = std::uint64_t{16} << 20;

bool is_temporary(std::string_view name) { return name.ends_with(io::kTempSuffix); }

/// A marker that cannot be read lists nothing: then only *.mod-tmp files are leftovers.
RunMarker read_marker(const fs::path& path) {
  RunMarker marker;
  try {
    const Json json = parse_json(read_text_file(path.string(), kMaxMarkerBytes), path.string());
    if (!json.is_object()) return marker;
    for (const Json& name : json.value("files", Json::array())) {
      if (name.is_string()) marker.files.push_back(name.get<std::string>());
    }
    marker.committing = json.value("committing", false);
  } catch (const std::exception&) {
    return {};
  }
  return marker;
}

struct Entries {
  std::vector<std::string> files;  // and symbolic links
  std::vector<std::string> others;
};

Entries list(const fs::path& folder) {
  Entries entries;
  std::error_code error;
  if (!fs::exists(folder, error)) return entries;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    const fs::file_type type = at->symlink_status(ignored).type();
    const bool removable = type == fs::file_type::regular || type == fs::file_type::symlink;
    (removable ? entries.files : entries.others).push_back(at->path().filename().string());
  }
  if (error) throw Error(ErrorCode::kIo, folder.string() + ": cannot list: " + error.message());
  std::sort(entries.files.begin(), entries.files.end());
  std::sort(entries.others.begin(), entries.others.end());
  return entries;
}

int removal_rank(const std::string& name) {
  if (name.ends_with(".index.json")) return 0;
  if (name == "config.json") return 1;
  return name == kMarkerName ? 3 : 2;
}

}  // namespace

void write_marker(const fs::path& folder, const RunMarker& marker) {
  const fs::path path = folder / kMarkerName;
  fs::path temporary = path;
  temporary += io::kTempSuffix;
  std::error_code ignored;
  fs::remove(temporary, ignored);  // a link left there would be written through
  const Json json = {{"committing", marker.committing}, {"files", marker.files}};
  io::write_file_atomic(path, json.dump() + "\n");
}

FolderScan scan_output(const fs::path& folder) {
  FolderScan scan;
  const Entries entries = list(folder);
  const std::set<std::string> present(entries.files.begin(), entries.files.end());
  std::set<std::string> listed;
  if (present.count(std::string(kMarkerName)) != 0) {
    RunMarker marker = read_marker(folder / kMarkerName);
    const bool all_there =
        std::all_of(marker.files.begin(), marker.files.end(),
                    [&](const std::string& name) { return present.count(name) != 0; });
    // Killed between the last rename and the removal of the marker: that run did finish.
    if (!(marker.committing && all_there)) {
      scan.has_marker = true;
      scan.earlier = std::move(marker.files);
      for (const std::string& name : scan.earlier) {
        if (is_checkpoint_file(name)) listed.insert(name);
      }
    }
  }
  const bool marked = present.count(std::string(kMarkerName)) != 0;
  for (const std::string& name : entries.files) {
    const bool own = is_temporary(name) && (marked || name.starts_with(kMarkerName));
    auto& kind = own || listed.count(name) != 0 ? scan.leftovers
                 : is_checkpoint_file(name)     ? scan.checkpoint
                                                : scan.unknown;
    kind.push_back(name);
  }
  scan.unknown.insert(scan.unknown.end(), entries.others.begin(), entries.others.end());
  return scan;
}

void remove_files(const fs::path& folder, std::vector<std::string> names) {
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(removal_rank(a), a) < std::pair(removal_rank(b), b);
  });
  for (const std::string& name : names) {
    std::error_code error;
    fs::remove(folder / name, error);
    if (error) {
      throw Error(ErrorCode::kIo,
                  (folder / name).string() + ": cannot be removed: " + error.message());
    }
  }
}

}  // namespace mod::checkpoint
