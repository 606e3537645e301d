#include "merge/shards.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "checkpoint/safetensors.h"
#include "mod/version.h"

namespace mod::merge {
namespace {

std::string index_text(const std::map<std::string, std::string>& weight_map, std::uint64_t total) {
  nlohmann::ordered_json index;
  index["metadata"]["mod_version"] = kVersion;
  index["metadata"]["total_size"] = total;
  nlohmann::ordered_json& names = index["weight_map"] = nlohmann::ordered_json::object();
  // ordered_json looks every key up linearly; appending to its storage keeps this linear in all.
  auto& storage = names.get_ref<nlohmann::ordered_json::object_t&>();
  storage.reserve(weight_map.size());
  for (const auto& [name, file] : weight_map) {
    storage.emplace_back(name, file);
  }
  return index.dump(2, ' ', true) + "\n";
}

std::vector<int> group(std::span<const ShardEntry> entries, std::uint64_t limit) {
  std::vector<int> shard_of;
  int shard = 0;
  std::uint64_t size = 0;
  bool empty = true;
  for (const ShardEntry& entry : entries) {
    if (!empty && limit > 0 && (size > limit || entry.bytes > limit - size)) {
      ++shard;
      size = 0;
    }
    empty = false;
    size += entry.bytes;
    shard_of.push_back(shard);
  }
  return shard_of;
}

}  // namespace

ShardSet assign_shards(std::span<const ShardEntry> entries, std::uint64_t limit) {
  ShardSet out;
  const std::vector<int> shard_of = group(entries, limit);
  const int count = shard_of.empty() ? 1 : shard_of.back() + 1;
  std::vector<std::vector<checkpoint::HeaderTensor>> headers(static_cast<std::size_t>(count));
  std::unordered_map<std::string_view, std::size_t> entry_of;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ShardEntry& e = entries[i];
    headers[static_cast<std::size_t>(shard_of[i])].push_back({e.name, e.dtype, e.shape, 0, 0});
    entry_of.emplace(e.name, i);
  }
  out.places.resize(entries.size());
  std::map<std::string, std::string> weight_map;
  std::uint64_t total = 0;
  const std::pair<std::string, std::string> metadata[] = {{"format", "pt"}};
  for (int s = 0; s < count; ++s) {
    std::vector<checkpoint::HeaderTensor>& tensors = headers[static_cast<std::size_t>(s)];
    checkpoint::ShardLayout layout;
    layout.file_name = count == 1 ? "model.safetensors"
                                  : fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, count);
    layout.header = checkpoint::emit_safetensors_header(tensors, metadata);
    layout.size = layout.header.size();
    for (const checkpoint::HeaderTensor& t : tensors) {
      out.places[entry_of.at(t.name)] = {s, layout.header.size() + t.begin};
      layout.size += t.end - t.begin;
      total += t.end - t.begin;
      weight_map.emplace(t.name, layout.file_name);
    }
    out.layouts.push_back(std::move(layout));
  }
  if (count > 1) {
    out.index_name = "model.safetensors.index.json";
    out.index_json = index_text(weight_map, total);
  }
  return out;
}

}  // namespace mod::merge
