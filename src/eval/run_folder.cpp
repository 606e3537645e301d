#include "eval/run_folder.h"

#include <fmt/format.h>

#include <set>
#include <system_error>

#include "base/hash.h"
#include "base/text.h"
#include "checkpoint/model_folder.h"
#include "eval/item_json.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 32;
constexpr int kFormat = 1;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

void remove_files(const fs::path& folder, const char* extension) {
  if (!is_there(folder)) return;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) fs::remove(entry.path());
  }
}

/// Name -> entry of a list of objects.
std::map<std::string, Json> by_name(const Json& list, const char* key) {
  std::map<std::string, Json> out;
  for (const Json& entry : list) out[entry.value(key, std::string())] = entry;
  return out;
}

void compare_lists(const Json& was, const Json& is, const char* what,
                   std::vector<std::string>& differences) {
  const std::map<std::string, Json> before = by_name(was, what), now = by_name(is, what);
  for (const auto& [name, entry] : before) {
    const auto found = now.find(name);
    if (found == now.end()) {
      differences.push_back(fmt::format("{} {} is not asked now", what, name));
    } else if (entry.value("items", 0) != found->second.value("items", 0)) {
      differences.push_back(fmt::format("{} {} had {} items and has {} now", what, name,
                                        entry.value("items", 0), found->second.value("items", 0)));
    } else if (entry != found->second) {
      differences.push_back(fmt::format("{} {} has changed", what, name));
    }
  }
  for (const auto& [name, entry] : now) {
    if (!before.contains(name)) differences.push_back(fmt::format("{} {} is new", what, name));
  }
}

std::vector<std::string> compare_runs(const Json& was, const Json& is) {
  std::vector<std::string> differences;
  for (const auto& [key, value] : is.items()) {
    const Json before = was.contains(key) ? was.at(key) : Json(nullptr);
    if (before == value) continue;
    if (key == "models" || key == "tasks") {
      compare_lists(before, value, key == "models" ? "model" : "task", differences);
    } else {
      differences.push_back(fmt::format("{} was {} and is {}", key, dump(before), dump(value)));
    }
  }
  return differences;
}

}  // namespace

std::string file_name(const std::string& text) {
  std::string name = text;
  for (char& c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    if (!is_plain) c = '_';
  }
  if (name == text && !name.empty() && name[0] != '.') return name;
  return name + "-" + sha256_hex(text).substr(0, 6);
}

RunFolder::RunFolder(fs::path folder, const Json& asked, OpenRun how) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_ / "items", error);
  if (error) {
    throw Error(ErrorCode::kIo,
                fmt::format("cannot make the folder {}: {}", folder_.string(), error.message()));
  }
  lock_ = checkpoint::FolderLock(folder_);
  const fs::path file = folder_ / "run.json";
  if (is_there(file)) {
    run_ = checkpoint::parse_json(read_text_file(file.string(), kMostBytes), file.string());
  }
  if (!run_.is_object() || how == OpenRun::kOverwrite || !goes_on(asked, how)) start_anew(asked);
}

bool RunFolder::goes_on(const Json& asked, OpenRun how) const {
  if (how == OpenRun::kNew) {
    if (run_.value("finished", false)) return false;
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{} holds a run that was not finished; --resume goes on with it, "
                            "--overwrite begins anew, --out names another folder",
                            folder_.string()));
  }
  const Json before = run_.contains("asked") ? run_.at("asked") : Json::object();
  const std::vector<std::string> differences = compare_runs(before, asked);
  if (differences.empty()) return true;
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("{}: --resume goes on only with what was asked before: {}; --overwrite "
                          "begins anew, --out names another folder",
                          folder_.string(), fmt::join(differences, "; ")));
}

void RunFolder::start_anew(const Json& asked) {
  remove_files(folder_ / "items", ".jsonl");
  remove_files(folder_ / "likeness", ".safetensors");
  run_ = {{"format", kFormat}, {"finished", false}, {"asked", asked}};
  io::write_file_atomic(folder_ / "run.json", dump(run_) + "\n");
}

fs::path RunFolder::file_of(const std::string& row, const std::string& task) const {
  return folder_ / "items" / (file_name(row) + "." + file_name(task) + ".jsonl");
}

std::vector<ItemResult> RunFolder::answered(const std::string& row, const std::string& task) const {
  const fs::path file = file_of(row, task);
  std::vector<ItemResult> items;
  if (!is_there(file)) return items;
  const std::string text = read_text_file(file.string(), kMostBytes);
  std::set<std::string> known;
  std::size_t at = 0, number = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string place = file.string() + ":" + std::to_string(++number);
    try {
      const std::string_view line = std::string_view(text).substr(at, end - at);
      ItemResult item = item_from_json(checkpoint::parse_json(line, place), place);
      if (known.insert(item.id).second) items.push_back(std::move(item));
    } catch (const Error&) {
      if (end + 1 < text.size()) throw;
      break;
    }
  }
  if (at < text.size()) fs::resize_file(file, at);
  return items;
}

void RunFolder::append(const std::string& row, const std::string& task, const ItemResult& item) {
  const fs::path file = file_of(row, task);
  Log& log = logs_[file];
  if (!log.file.is_open()) {
    log.file = is_there(file) ? io::File::open_write(file) : io::File::create(file);
    log.size = log.file.size();
  }
  const std::string line = dump(to_json(item)) + "\n";
  log.file.write_at(std::as_bytes(std::span(line.data(), line.size())), log.size);
  log.size += line.size();
  log.is_dirty = true;
}

void RunFolder::sync() {
  for (auto& [path, log] : logs_) {
    if (log.is_dirty) log.file.sync();
    log.is_dirty = false;
  }
}

void RunFolder::finish() {
  sync();
  logs_.clear();
  run_["finished"] = true;
  io::write_file_atomic(folder_ / "run.json", dump(run_) + "\n");
}

}  // namespace mod::eval
