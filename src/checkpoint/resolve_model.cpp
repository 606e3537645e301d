#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "base/text.h"
#include "checkpoint/model_folder.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Where huggingface_hub keeps downloads; empty if not even a home is known.
fs::path hub_cache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string path = environment(name); !path.empty()) return path;
  }
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "huggingface" / "hub";
  }
  const std::string home = environment("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache" / "huggingface" / "hub";
}

bool is_hub_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.size() <= 96 &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

/// "org/name" -> "models--org--name"; "" for what cannot be a hub name.
std::string repository_folder(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    return is_hub_part(name) ? "models--" + std::string(name) : "";
  }
  const std::string_view owner = name.substr(0, slash), model = name.substr(slash + 1);
  if (!is_hub_part(owner) || !is_hub_part(model)) return "";
  return "models--" + std::string(owner) + "--" + std::string(model);
}

/// The other way.
std::string name_of_repository(std::string_view folder) {
  constexpr std::string_view kPrefix = "models--";
  if (!folder.starts_with(kPrefix)) return "";
  folder.remove_prefix(kPrefix.size());
  std::string name(folder);
  if (const std::size_t cut = name.find("--"); cut != std::string::npos) name.replace(cut, 2, "/");
  return repository_folder(name).empty() ? "" : name;
}

/// Revisions may have slashes ("refs/pr/1"), but no part may climb out of the folder.
bool is_revision(std::string_view revision) {
  while (!revision.empty()) {
    const std::size_t slash = revision.find('/');
    if (!is_hub_part(revision.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    revision.remove_prefix(slash + 1);
  }
  return false;
}

/// The snapshot folder of a revision, or "" if it is not in the cache.
fs::path snapshot(const fs::path& repository, const std::string& revision) {
  std::string hash = revision;
  if (const fs::path ref = repository / "refs" / revision; is_there(ref)) {
    hash = read_text_file(ref.string(), 1024);
    while (!hash.empty() && (hash.back() == '\n' || hash.back() == '\r' || hash.back() == ' ')) {
      hash.pop_back();
    }
  }
  if (!is_plain_name(hash)) return {};
  const fs::path folder = repository / "snapshots" / hash;
  return is_there(folder) ? folder : fs::path();
}

/// Fills `looked` with where it looked if nothing is found.
fs::path find_in_cache(const std::string& name, const std::string& revision, std::string& looked) {
  const fs::path cache = hub_cache();
  const std::string folder = repository_folder(name);
  if (cache.empty() || folder.empty()) return {};
  if (!is_revision(revision)) {
    throw Error(ErrorCode::kInvalidInput, "the revision " + quote_name(revision) + " of model " +
                                              quote_name(name) + " is not a name or a commit");
  }
  const fs::path found = snapshot(cache / folder, revision);
  if (found.empty()) {
    looked += ", " + (cache / folder).string();
    if (is_there(cache / folder)) looked += " (revision " + quote_name(revision) + " is not there)";
  }
  return found;
}

}  // namespace

std::string hub_name(const fs::path& folder) {
  const fs::path snapshots = folder.parent_path();
  if (snapshots.filename() != "snapshots") return "";
  return name_of_repository(snapshots.parent_path().filename().string());
}

fs::path resolve_model(const std::string& name, const std::string& revision, const fs::path& from) {
  if (name.empty() || name.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kInvalidInput, "the name of a model is empty or holds a NUL byte");
  }
  if (fs::path(name).is_absolute()) {
    if (is_there(name)) return name;
    throw Error(ErrorCode::kInvalidInput, "model " + quote_name(name) + " does not exist");
  }
  const fs::path near = from / name, here = name;
  if (is_there(near) && is_there(here)) {
    std::error_code error;
    if (!fs::equivalent(near, here, error)) {
      throw Error(ErrorCode::kInvalidInput,
                  "model " + quote_name(name) + " exists twice: " + near.string() + " and " +
                      fs::absolute(here).string() + "; write the full path of the one you mean");
    }
  }
  if (is_there(near)) return near;
  if (is_there(here)) return here;
  std::string looked = near.string();
  if (fs::absolute(here) != near) looked += ", " + fs::absolute(here).string();
  const fs::path cached = find_in_cache(name, revision.empty() ? "main" : revision, looked);
  if (!cached.empty()) return cached;
  throw Error(ErrorCode::kInvalidInput, "model " + quote_name(name) + " not found; looked at " +
                                            looked + ". Nothing is downloaded by this command");
}

}  // namespace mod::checkpoint
