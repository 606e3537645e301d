#include "merge/synthetic/shard_plan.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/text.h"
#include "checkpoint/safetensors.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

/// First and one past the last tensor of each shard.
std::vector<std::pair<std::size_t, std::size_t>> split(const std::vector<PlacedTensor>& tensors,
                                                       std::uint64_t limit) {
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  std::size_t first = 0;
  std::uint64_t filled = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t bytes = 2 * tensors[i].elements;
    if (limit > 0 && i > first && filled + bytes > limit) {
      parts.emplace_back(first, i);
      first = i;
      filled = 0;
    }
    filled += bytes;
  }
  parts.emplace_back(first, tensors.size());
  return parts;
}

std::string shard_name(std::size_t shard, std::size_t count) {
  if (count == 1) return "model.safetensors";
  return fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, count);
}

/// Emits the header of one shard and writes the offsets of its tensors.
checkpoint::ShardLayout place(std::vector<PlacedTensor>& tensors, std::size_t first,
                              std::size_t last, int shard) {
  std::vector<checkpoint::HeaderTensor> header;
  std::map<std::string, std::size_t> by_name;
  for (std::size_t i = first; i < last; ++i) {
    header.push_back({tensors[i].tensor.name, DType::BF16, tensors[i].tensor.shape, 0, 0});
    by_name[tensors[i].tensor.name] = i;
  }
  const std::pair<std::string, std::string> metadata[] = {{"format", "pt"}};
  checkpoint::ShardLayout layout;
  layout.header = checkpoint::emit_safetensors_header(header, metadata);
  layout.size = layout.header.size() + header.back().end;
  for (const checkpoint::HeaderTensor& entry : header) {
    PlacedTensor& tensor = tensors[by_name.at(entry.name)];
    tensor.shard = shard;
    tensor.offset = layout.header.size() + entry.begin;
  }
  return layout;
}

std::string index_text(const ShardPlan& plan) {
  std::map<std::string, std::string> sorted;
  std::uint64_t total = 0;
  for (const PlacedTensor& tensor : plan.tensors) {
    sorted[tensor.tensor.name] = plan.shards[static_cast<std::size_t>(tensor.shard)].file_name;
    total += 2 * tensor.elements;
  }
  checkpoint::Json json;
  json["metadata"]["total_size"] = total;
  json["weight_map"] = sorted;
  return json.dump(2) + "\n";
}

}  // namespace

ShardPlan plan_shards(std::vector<ShapedTensor> tensors, std::uint64_t shard_bytes) {
  ShardPlan plan;
  for (ShapedTensor& tensor : tensors) {
    const auto elements = checked_product(tensor.shape);
    if (!elements || *elements > (std::uint64_t{1} << 60)) {
      throw Error(ErrorCode::kInvalidInput, tensor.name + " would be too large");
    }
    plan.tensors.push_back({std::move(tensor), *elements, 0, 0});
  }
  const auto parts = split(plan.tensors, shard_bytes);
  for (std::size_t s = 0; s < parts.size(); ++s) {
    plan.shards.push_back(
        place(plan.tensors, parts[s].first, parts[s].second, static_cast<int>(s)));
    plan.shards.back().file_name = shard_name(s, parts.size());
    plan.bytes += plan.shards.back().size;
  }
  if (parts.size() > 1) {
    plan.index_name = "model.safetensors.index.json";
    plan.index_json = index_text(plan);
  }
  return plan;
}

}  // namespace mod::merge
