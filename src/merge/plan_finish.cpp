// After the tensors are known: their files and offsets, the config, and the totals.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "io/file.h"
#include "merge/config_edit.h"
#include "merge/plan_builder.h"
#include "merge/plan_estimate.h"
#include "merge/shards.h"
#include "mod/error.h"

namespace mod::merge::planning {
namespace {

/// The floating type that most bytes are written in.
std::optional<DType> main_dtype(const Plan& plan) {
  std::map<DType, std::uint64_t> bytes;
  for (const PlannedTensor& t : plan.tensors) {
    if (is_floating(t.dtype)) bytes[t.dtype] += t.bytes;
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& x, const auto& y) { return x.second < y.second; });
  if (most == bytes.end()) return std::nullopt;
  return most->first;
}

std::vector<LayerOrigin> layer_origins(const Builder& b) {
  std::vector<LayerOrigin> out;
  if (!b.renumbered) return out;
  for (const SliceLayout& slice : b.slices) {
    const Source& first = slice.sources.front();
    const std::int64_t layers = b.maps[static_cast<std::size_t>(first.model)].layers();
    for (std::int64_t i = 0; i < slice.length; ++i) {
      out.push_back({&b.config(first.model), layers, first.begin + i});
    }
  }
  return out;
}

/// Rows of the written embedding, if the merge changed them.
std::optional<std::int64_t> changed_vocabulary(const Builder& b) {
  const arch::TensorMap& donor = b.maps[static_cast<std::size_t>(b.plan.donor)];
  std::map<std::string, const OutputSlot*> embeddings;
  for (const OutputSlot& slot : b.slots) {
    if (slot.entry.embedding && !slot.in_layer) embeddings.emplace(slot.name, &slot);
  }
  for (const PlannedTensor& t : b.plan.tensors) {
    if (!embeddings.contains(t.name) || t.spec.shape.size() != 2) continue;
    const checkpoint::TensorInfo* stored = donor.find(t.name);
    if (stored && !stored->shape.empty() && stored->shape[0] != t.spec.shape[0])
      return t.spec.shape[0];
  }
  return std::nullopt;
}

/// Layers keep being sparse or dense by their number; moved ones may end up on the wrong kind.
void check_sparse_pattern(Builder& b) {
  if (b.architecture->experts.empty() || !b.renumbered) return;
  for (const SliceLayout& slice : b.slices) {
    const Source& first = slice.sources.front();
    const arch::TensorMap& map = b.maps[static_cast<std::size_t>(first.model)];
    for (std::int64_t i = 0; i < slice.length; ++i) {
      const bool wanted = arch::is_sparse_layer(*b.architecture, b.plan.config, slice.first + i);
      if (wanted == map.is_sparse(first.begin + i)) continue;
      b.problems.error(
          slice.place,
          fmt::format("layer {} of {} is {}, but its config would make output layer {} {}",
                      first.begin + i, b.label(first.model), wanted ? "dense" : "sparse",
                      slice.first + i, wanted ? "sparse" : "dense"),
          "arrange the slices so that the pattern of decoder_sparse_step holds");
      return;
    }
  }
}

std::uint64_t cropped_bytes(const PlannedTensor& tensor, const PlannedInput& input) {
  return tensor.spec.elements * dtype_size(input.tensor.dtype);
}

/// Space that files of a former or unfinished checkpoint in the output folder give back.
std::uint64_t reusable_space(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error), end;
  for (; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!checkpoint::is_checkpoint_file(name) && !name.ends_with(io::kTempSuffix)) continue;
    std::error_code gone;
    const std::uint64_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

void check_space(Builder& b) {
  // Config, tokenizer and report lie beside the weights.
  constexpr std::uint64_t kSideFiles = 64u << 20;
  const std::uint64_t needed = b.plan.bytes_written;
  const std::uint64_t free = io::free_space(b.options.output) + reusable_space(b.options.output);
  const Place place{b.options.output.string(), 0, 0, ""};
  const std::string sizes =
      fmt::format("{} are needed, {} are free", size_text(needed), size_text(free));
  if (free < needed) {
    b.problems.error(place, "not enough disk space: " + sizes,
                     "free some space or choose another output folder");
  } else if (free - needed < kSideFiles) {
    b.problems.warn(place, "the disk will be almost full: " + sizes);
  }
}

}  // namespace

void place_tensors(Builder& b) {
  std::vector<ShardEntry> entries;
  for (const PlannedTensor& t : b.plan.tensors)
    entries.push_back({t.name, t.dtype, t.spec.shape, t.bytes});
  ShardSet shards = assign_shards(entries, b.options.shard_bytes);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    b.plan.tensors[i].shard = shards.places[i].shard;
    b.plan.tensors[i].offset = shards.places[i].offset;
  }
  std::sort(b.plan.tensors.begin(), b.plan.tensors.end(),
            [](const PlannedTensor& x, const PlannedTensor& y) {
              return std::tie(x.shard, x.offset, x.name) < std::tie(y.shard, y.offset, y.name);
            });
  b.plan.shards = std::move(shards.layouts);
  b.plan.index_name = std::move(shards.index_name);
  b.plan.index_json = std::move(shards.index_json);
}

void write_config(Builder& b) {
  const PlanModel& donor = b.plan.models[static_cast<std::size_t>(b.plan.donor)];
  if (!donor.folder.has_config) {
    b.problems.warn(donor.ref.place,
                    fmt::format("{} has no config.json; none is written", donor.label),
                    "copy one beside the weights before using the result");
    return;
  }
  ConfigChanges changes;
  changes.dtype = main_dtype(b.plan);
  changes.vocabulary = changed_vocabulary(b);
  changes.origins = layer_origins(b);
  std::vector<std::pair<std::string, std::string>> broken;
  b.plan.config =
      edit_config(donor.folder.config, *b.architecture,
                  b.maps[static_cast<std::size_t>(b.plan.donor)].layers(), changes, broken);
  for (const auto& [name, reason] : broken) {
    b.problems.error(
        donor.ref.place,
        fmt::format("{} in the config holds one value a layer and cannot be cut to the "
                    "output's layers: {}",
                    name, reason),
        "remove it from the configs, or use sources that all have it");
  }
  check_sparse_pattern(b);
}

void total_up(Builder& b) {
  Plan& plan = b.plan;
  for (const PlannedTensor& t : plan.tensors) {
    const std::uint64_t passes =
        t.method ? static_cast<std::uint64_t>(std::max(1, t.method->passes)) : 1;
    for (const PlannedInput& input : t.inputs) plan.bytes_read += passes * cropped_bytes(t, input);
  }
  for (const checkpoint::ShardLayout& shard : plan.shards) plan.bytes_written += shard.size;
  if (b.problems.has_errors()) return;
  try {
    plan.peak_memory = estimate_peak_memory(plan, b.options);
  } catch (const Error& e) {
    b.problems.error({}, e.what());
  }
  if (!b.options.output.empty()) check_space(b);
}

}  // namespace mod::merge::planning
