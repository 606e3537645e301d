#include <fmt/format.h>

#include <vector>

#include "eval/items.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

/// The first that exists; of a user's task, two different ones are an error.
fs::path first_file(const std::vector<fs::path>& places, bool must_agree) {
  fs::path found;
  for (const fs::path& place : places) {
    if (!is_file(place)) continue;
    if (found.empty()) {
      found = place;
    } else if (must_agree && !is_same(found, place)) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{} and {} both exist and differ; write the path of the one that is "
                              "meant from the root",
                              found.string(), place.string()));
    }
  }
  return found;
}

std::string advice(const Task& task) {
  if (!task.folder.empty() || task.data.source.empty()) return {};
  if (task.data.source == "examples") {
    return "; it belongs to the source of mod.cpp: go to its folder, or give --data-dir";
  }
  return fmt::format(
      "; get it from {} and name the folder with --data-dir (`mod eval --tasks "
      "list` shows the layout)",
      task.data.source);
}

}  // namespace

fs::path find_data(const Task& task, const std::string& file, const fs::path& data_dir) {
  std::vector<fs::path> places;
  if (fs::path(file).is_absolute()) {
    places = {file};
  } else if (task.folder.empty()) {
    places = {fs::path(task.data.folder) / file};
  } else {
    places = {task.folder / file, file};
  }
  if (!data_dir.empty() && is_file(data_dir / file)) return data_dir / file;
  const fs::path found = first_file(places, !task.folder.empty());
  if (!found.empty()) return found;
  std::vector<std::string> names;
  if (!data_dir.empty()) names.push_back((data_dir / file).string());
  for (const fs::path& place : places) names.push_back(place.string());
  throw Error(ErrorCode::kInvalidInput, fmt::format("task {}: there is no {}{}", task.name,
                                                    fmt::join(names, " and no "), advice(task)));
}

}  // namespace mod::eval
