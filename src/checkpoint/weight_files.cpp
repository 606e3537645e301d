#include "checkpoint/weight_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>

#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

struct Format {
  std::string_view stem, extension;
  bool pickled;
};

constexpr Format kFormats[] = {{"model", ".safetensors", false}, {"pytorch_model", ".bin", true}};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool number(std::string_view digits, std::uint64_t& value) {
  if (digits.size() < 5 || digits.size() > 9) return false;
  const auto end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) throw Error(ErrorCode::kIo, folder.string() + ": cannot list: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

/// Shards that are all there although no index names them; empty if there are no shards.
std::vector<fs::path> complete_shards(const fs::path& folder, const std::vector<std::string>& names,
                                      const Format& format) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> found;  // total -> numbers
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    if (const auto shard = shard_number(name, format.stem, format.extension)) {
      found[shard->total].push_back(shard->number);
      files.push_back(folder / name);
    }
  }
  if (found.size() > 1) {
    throw Error(ErrorCode::kInvalidInput, folder.string() + ": shards of two checkpoints (of " +
                                              std::to_string(found.begin()->first) + " and of " +
                                              std::to_string(found.rbegin()->first) +
                                              ") and no index that says which belong");
  }
  for (const auto& [total, numbers] : found) {
    for (std::uint64_t i = 0; i < total; ++i) {
      if (i < numbers.size() && numbers[i] == i + 1) continue;
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{}: {}-{:05}-of-{:05}{} is missing, and there is no index",
                              folder.string(), format.stem, i + 1, total, format.extension));
    }
    if (numbers.size() != total) {
      throw Error(ErrorCode::kInvalidInput, folder.string() + ": more shards than " +
                                                std::to_string(total) + ", and there is no index");
    }
  }
  return files;
}

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto end) { return name.ends_with(end); });
}

[[noreturn]] void nothing_found(const fs::path& folder, const std::vector<std::string>& names) {
  std::string others;
  for (const std::string& name : names) {
    if (name.ends_with(".gguf")) {
      throw Error(ErrorCode::kUnsupported,
                  (folder / name).string() +
                      ": GGUF files are not supported; use the Hugging Face "
                      "checkpoint that it was made from");
    }
    if (name == "adapter_model.safetensors" || name == "adapter_model.bin") {
      throw Error(
          ErrorCode::kInvalidInput,
          folder.string() + ": holds a LoRA adapter, not a model; write it as base+adapter");
    }
    if (others.size() < 200 &&
        ends_with_any(name, {".safetensors", ".bin", ".pt", ".pth", ".h5"})) {
      others += (others.empty() ? "" : ", ") + printable(name);
    }
  }
  throw Error(ErrorCode::kInvalidInput,
              folder.string() +
                  ": no weights found (model.safetensors, model-00001-of-*.safetensors, "
                  "pytorch_model.bin or their index)" +
                  (others.empty() ? "" : "; there are " + others));
}

WeightFiles single_file(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".gguf")) nothing_found(path.parent_path(), {name});
  if (name.ends_with(".safetensors")) return {{path}, {}, false};
  if (ends_with_any(name, {".bin", ".pt", ".pth"})) return {{path}, {}, true};
  if (name.ends_with(".safetensors.index.json")) return {{}, path, false};
  if (name.ends_with(".bin.index.json")) return {{}, path, true};
  throw Error(ErrorCode::kInvalidInput,
              path.string() + ": neither a folder nor a .safetensors or .bin file");
}

}  // namespace

std::optional<ShardNumber> shard_number(std::string_view name, std::string_view stem,
                                        std::string_view extension) {
  if (!name.starts_with(stem) || !name.ends_with(extension) ||
      name.size() < stem.size() + extension.size()) {
    return std::nullopt;
  }
  name.remove_prefix(stem.size());
  name.remove_suffix(extension.size());
  const std::size_t of = name.find("-of-");
  ShardNumber shard;
  if (of == std::string_view::npos || !name.starts_with('-') ||
      !number(name.substr(1, of == 0 ? 0 : of - 1), shard.number) ||
      !number(name.substr(of + 4), shard.total)) {
    return std::nullopt;
  }
  return shard;
}

WeightFiles find_weight_files(const fs::path& path, Problems& notes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    throw Error(ErrorCode::kInvalidInput, path.string() + ": does not exist");
  }
  if (!fs::is_directory(status)) return single_file(path);

  const std::vector<std::string> names = names_in(path);
  for (const Format& format : kFormats) {
    const std::string single = std::string(format.stem) + std::string(format.extension);
    if (is_there(path / (single + ".index.json"))) {
      return {{}, path / (single + ".index.json"), format.pickled};
    }
    if (is_there(path / single)) return {{path / single}, {}, format.pickled};
    std::vector<fs::path> shards = complete_shards(path, names, format);
    if (shards.empty()) continue;
    if (shards.size() > 1) {
      notes.note({path.string()}, std::to_string(shards.size()) + " shards without an index",
                 "they are complete and are read as one checkpoint");
    }
    return {std::move(shards), {}, format.pickled};
  }
  nothing_found(path, names);
}

}  // namespace mod::checkpoint
