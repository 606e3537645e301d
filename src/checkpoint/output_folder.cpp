#include "checkpoint/output_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "checkpoint/output_scan.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

std::string temporary_name(const std::string& name) { return name + std::string(io::kTempSuffix); }

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[noreturn]] void internal(const std::string& reason) {
  throw Error(ErrorCode::kInternal, "output folder: " + reason);
}

void remove_quietly(const fs::path& path) noexcept {
  std::error_code ignored;
  fs::remove(path, ignored);
}

/// Returns the folders that had to be made, outermost first.
std::vector<fs::path> make_folders(const fs::path& folder) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path at = fs::absolute(folder, error); !at.empty() && !fs::exists(at, error);
       at = at.parent_path()) {
    if (at.has_filename()) missing.insert(missing.begin(), at);
  }
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kIo, folder.string() + ": cannot make the folder: " + error.message());
  }
  return missing;
}

}  // namespace

OutputFolder::OutputFolder(fs::path folder, const Options& options, Log& log)
    : folder_(std::move(folder)), log_(log) {
  check(folder_, options);
  created_ = make_folders(folder_);
  try {
    lock_ = FolderLock(folder_);
    prepare(options);
  } catch (...) {
    remove_created_folders();
    throw;
  }
}

void OutputFolder::prepare(const Options& options) {
  FolderScan scan = scan_output(folder_);
  if (options.resume && scan.has_marker) {
    resuming_ = true;
    earlier_ = std::move(scan.earlier);
    return;
  }
  remove_old(std::move(scan.leftovers), "left by a run that did not finish");
  if (options.overwrite) remove_old(std::move(scan.checkpoint), "of the former checkpoint");
  write_marker(folder_, {});
}

void OutputFolder::remove_old(std::vector<std::string> names, std::string_view why) {
  if (names.empty()) return;
  const std::string first = printable(names.front());
  const std::size_t count = names.size();
  remove_files(folder_, std::move(names));
  io::sync_directory(folder_);
  log_.info(fmt::format("{}: removed {} file{} {} ({}{})", folder_.string(), count,
                        count == 1 ? "" : "s", why, first, count == 1 ? "" : ", ..."));
}

void OutputFolder::create_shards(std::vector<ShardLayout> shards,
                                 const std::vector<bool>& finished) {
  if (!shards_.empty()) internal("create_shards was called twice");
  for (const ShardLayout& shard : shards) {
    if (!is_plain_name(shard.file_name) || !is_checkpoint_file(shard.file_name)) {
      internal("'" + shard.file_name + "' is no name of a shard");
    }
    if (shard.header.size() > shard.size) internal("a shard is smaller than its header");
  }
  shards_ = std::move(shards);
  states_.assign(shards_.size(), State::kTemporary);
  files_.resize(shards_.size());
  const auto is_finished = [&](std::size_t i) { return i < finished.size() && finished[i]; };
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (is_finished(i)) keep_shard(i);
  }

  std::vector<std::string> obsolete;
  for (const std::string& name : earlier_) {
    const auto shard = std::find_if(shards_.begin(), shards_.end(),
                                    [&](const ShardLayout& s) { return s.file_name == name; });
    const bool kept =
        shard != shards_.end() && is_finished(static_cast<std::size_t>(shard - shards_.begin()));
    if (!kept && is_plain_name(name) && is_checkpoint_file(name)) obsolete.push_back(name);
  }
  RunMarker marker{false, all_names()};
  marker.files.insert(marker.files.end(), obsolete.begin(), obsolete.end());
  write_marker(folder_, marker);
  resuming_ = false;
  remove_files(folder_, std::move(obsolete));
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (!is_finished(i)) create_shard(i);
  }
}

void OutputFolder::keep_shard(std::size_t shard) {
  const ShardLayout& layout = shards_[shard];
  const fs::path path = folder_ / layout.file_name;
  std::error_code error;
  if (fs::is_symlink(path, error)) {
    throw Error(ErrorCode::kInvalidInput,
                path.string() + ": a link where a finished shard should be");
  }
  io::File file = io::File::open_read(path);
  std::string header(layout.header.size(), '\0');
  const bool same_size = file.size() == layout.size;
  if (same_size) file.read_at(std::as_writable_bytes(std::span(header.data(), header.size())), 0);
  if (!same_size || header != layout.header) {
    throw Error(ErrorCode::kInvalidInput,
                path.string() +
                    ": is not the shard of this recipe, so the run cannot be resumed; "
                    "start it without --resume");
  }
  files_[shard] = std::move(file);
  states_[shard] = State::kFinal;
}

void OutputFolder::create_shard(std::size_t shard) {
  const ShardLayout& layout = shards_[shard];
  io::File file = new_temporary(layout.file_name);
  file.preallocate(layout.size);
  file.write_at(bytes_of(layout.header), 0);
  files_[shard] = std::move(file);
}

/// Never through what may lie there already: that could be a link to something else.
io::File OutputFolder::new_temporary(const std::string& name) {
  const fs::path path = folder_ / temporary_name(name);
  remove_quietly(path);
  return io::File::create(path);
}

void OutputFolder::write(int shard, std::uint64_t offset, std::span<const std::byte> data) {
  const auto i = static_cast<std::size_t>(shard);
  if (shard < 0 || i >= shards_.size() || states_[i] != State::kTemporary ||
      offset > shards_[i].size || data.size() > shards_[i].size - offset) {
    internal(fmt::format("write of {} bytes at {} of shard {}", data.size(), offset, shard));
  }
  files_[i].write_at(data, offset);
}

void OutputFolder::finish_shard(int shard) {
  const auto i = static_cast<std::size_t>(shard);
  if (shard < 0 || i >= shards_.size()) internal(fmt::format("no shard {}", shard));
  if (states_[i] == State::kFinal) return;
  files_[i].sync();
  const std::string& name = shards_[i].file_name;
  io::rename_file(folder_ / temporary_name(name), folder_ / name);
  states_[i] = State::kFinal;
}

void OutputFolder::stage(const std::string& name, io::File& file) {
  file.sync();
  const auto same = [&](const Staged& staged) { return staged.name == name; };
  if (std::none_of(staged_.begin(), staged_.end(), same)) {
    staged_.push_back({name, State::kTemporary});
  }
}

void OutputFolder::add_file(const std::string& name, std::string_view content) {
  if (!is_plain_name(name)) internal("'" + printable(name) + "' is no name of a file");
  io::File file = new_temporary(name);
  file.write_at(bytes_of(content), 0);
  stage(name, file);
}

void OutputFolder::copy_file(const fs::path& from, const std::string& name) {
  if (!is_plain_name(name)) internal("'" + printable(name) + "' is no name of a file");
  const io::File source = io::File::open_read(from);
  io::File file = new_temporary(name);
  const std::uint64_t size = source.size();
  std::vector<std::byte> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(size, kCopyBytes)));
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    const auto part = std::span(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - at)));
    source.read_at(part, at);
    file.write_at(part, at);
  }
  stage(name, file);
}

std::vector<std::string> OutputFolder::all_names() const {
  std::vector<std::string> names;
  for (const ShardLayout& shard : shards_) names.push_back(shard.file_name);
  for (const Staged& staged : staged_) names.push_back(staged.name);
  return names;
}

void OutputFolder::publish(Staged& file) {
  io::rename_file(folder_ / temporary_name(file.name), folder_ / file.name);
  file.state = State::kFinal;
}

void OutputFolder::commit(const std::string& index_name) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (states_[i] != State::kFinal) internal("commit before shard " + shards_[i].file_name);
  }
  const auto rank = [&](const Staged& file) {
    return file.name == index_name ? 2 : file.name == "config.json" ? 1 : 0;
  };
  std::sort(staged_.begin(), staged_.end(), [&](const Staged& a, const Staged& b) {
    return std::pair(rank(a), a.name) < std::pair(rank(b), b.name);
  });
  if (!index_name.empty() && (staged_.empty() || staged_.back().name != index_name)) {
    internal("commit without its index " + index_name);
  }
  write_marker(folder_, {true, all_names()});
  bool synced = false;
  for (Staged& file : staged_) {
    // What makes the folder look finished must not reach the disk before what it refers to.
    if (rank(file) > 0 && !std::exchange(synced, true)) io::sync_directory(folder_);
    publish(file);
  }
  io::sync_directory(folder_);
  committed_ = true;
  files_.clear();
  remove_files(folder_, scan_output(folder_).leftovers);
  io::sync_directory(folder_);
}

OutputFolder::~OutputFolder() {
  if (committed_ || resuming_) return;
  clean_up();
}

void OutputFolder::clean_up() noexcept {
  try {
    files_.clear();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      const bool final = states_[i] == State::kFinal;
      if (final && keep_) continue;
      names.push_back(final ? shards_[i].file_name : temporary_name(shards_[i].file_name));
    }
    for (const Staged& staged : staged_) {
      const bool final = staged.state == State::kFinal;
      names.push_back(final ? staged.name : temporary_name(staged.name));
    }
    if (!keep_) {
      for (const std::string& name : scan_output(folder_).leftovers) names.push_back(name);
    }
    remove_files(folder_, std::move(names));
    if (keep_) return;
    remove_created_folders();
  } catch (const std::exception& error) {
    log_.warn(std::string("the output folder could not be cleaned: ") + error.what());
  } catch (...) {
    log_.warn("the output folder could not be cleaned");
  }
}

void OutputFolder::remove_created_folders() noexcept {
  for (auto at = created_.rbegin(); at != created_.rend(); ++at) {
    std::error_code error;
    fs::remove(*at, error);  // refuses a folder that is not empty
  }
}

}  // namespace mod::checkpoint
