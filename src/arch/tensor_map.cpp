#include "arch/tensor_map.h"

#include <fmt/format.h>

#include <unordered_set>

#include "base/text.h"

namespace mod::arch {

using checkpoint::TensorInfo;

struct TensorMap::Build {
  const checkpoint::ModelFolder& model;
  const std::string& label;
  const Place& place;
  Problems& problems;
  std::unordered_set<std::string> claimed;  // stored names
};

std::int64_t first_index(std::string_view name) {
  constexpr std::size_t kMaxDigits = 9;
  for (std::size_t begin = 0; begin < name.size();) {
    std::size_t end = name.find('.', begin);
    if (end == std::string_view::npos) end = name.size();
    const std::string_view part = name.substr(begin, end - begin);
    if (!part.empty() && part.size() <= kMaxDigits &&
        part.find_first_not_of("0123456789") == std::string_view::npos) {
      std::int64_t value = 0;
      for (char c : part) value = value * 10 + (c - '0');
      return value;
    }
    begin = end + 1;
  }
  return -1;
}

TensorMap::TensorMap(const Architecture& architecture, const checkpoint::ModelFolder& model,
                     const std::string& label, const Place& place, Problems& problems)
    : architecture_(architecture) {
  Build build{model, label, place, problems, {}};
  count(build);
  for (const auto* list : {&architecture.before, &architecture.after}) {
    for (const TensorTemplate& entry : *list) claim(build, entry, 0);
  }
  sparse_.resize(static_cast<std::size_t>(layers_));
  for (std::int64_t layer = 0; layer < layers_; ++layer) {
    const bool sparse = is_sparse_layer(architecture, model.config, layer);
    sparse_[static_cast<std::size_t>(layer)] = sparse;
    for (const TensorTemplate& entry : architecture.layer) {
      const LayerKind other = sparse ? LayerKind::kDense : LayerKind::kSparse;
      if (entry.when != other) claim(build, entry, layer);
    }
    if (sparse) claim_experts(build, layer);
  }
  std::unordered_set<std::string> recomputed;
  for (const std::string& name : architecture.recomputed) {
    for (std::int64_t layer = 0; layer < layers_; ++layer) recomputed.insert(expand(name, layer));
  }
  for (const TensorInfo& tensor : model.weights->tensors()) {
    if (build.claimed.contains(tensor.name)) continue;
    if (recomputed.contains(tensor.name)) {
      recomputed_.push_back(tensor.name);
    } else {
      unknown_.push_back(tensor);
    }
  }
}

const TensorInfo* TensorMap::find(std::string_view canonical) const {
  const auto found = by_name_.find(std::string(canonical));
  return found == by_name_.end() ? nullptr : &found->second;
}

// A config is untrusted: a count above the number of stored tensors would only make the plan
// allocate names for tensors that cannot be there.
void TensorMap::count(Build& build) {
  const auto stored = static_cast<std::int64_t>(build.model.weights->tensors().size());
  const Json& config = build.model.config;
  const auto layers = config_int(config, architecture_.layers_key);
  if (layers && *layers >= 0 && *layers <= stored) {
    layers_ = *layers;
  } else if (architecture_.inferred && !layers) {
    for (const TensorInfo& t : build.model.weights->tensors()) {
      const std::int64_t index = first_index(t.name);
      if (index < stored) layers_ = std::max(layers_, index + 1);
    }
  } else {
    build.problems.error(
        build.place,
        layers ? fmt::format("the config of {} says {} = {}, but the model stores {} tensors",
                             build.label, architecture_.layers_key, *layers, stored)
               : fmt::format("the config of {} has no number {}", build.label,
                             architecture_.layers_key),
        "check config.json of this model");
  }
  const auto experts = expert_count(architecture_, config);
  if (experts && *experts >= 0 && *experts <= (1 << 16)) {
    experts_ = static_cast<int>(*experts);
  } else {
    build.problems.error(build.place,
                         fmt::format("the config of {} gives no usable number of experts ({})",
                                     build.label, architecture_.expert_count_keys.front()),
                         "check config.json of this model");
  }
}

void TensorMap::claim(Build& build, const TensorTemplate& entry, std::int64_t layer) {
  const std::string name = expand(entry.name, layer);
  const TensorInfo* found = build.model.weights->find(name);
  for (std::size_t i = 0; !found && i < entry.aliases.size(); ++i) {
    found = build.model.weights->find(expand(entry.aliases[i], layer));
  }
  if (!found) return;
  build.claimed.insert(found->name);
  by_name_.emplace(name, *found);
}

void TensorMap::claim_experts(Build& build, std::int64_t layer) {
  for (const ExpertTemplate& entry : architecture_.experts) {
    if (claim_fused(build, entry, layer)) continue;
    int present = 0;
    std::string absent;
    for (int e = 0; e < experts_; ++e) {
      const std::string name = expand(entry.name, layer, e);
      if (const TensorInfo* found = build.model.weights->find(name)) {
        build.claimed.insert(name);
        by_name_.emplace(name, *found);
        ++present;
      } else if (absent.empty()) {
        absent = name;
      }
    }
    if (present > 0 && present < experts_) {
      build.problems.error(
          build.place,
          fmt::format("incomplete expert group in {}: {} of {} experts of layer {} are stored, {} "
                      "is missing",
                      build.label, present, experts_, layer, absent),
          "download the model again, or correct the number of experts in its config.json");
    }
  }
}

bool TensorMap::claim_fused(Build& build, const ExpertTemplate& entry, std::int64_t layer) {
  const TensorInfo* fused = build.model.weights->find(expand(entry.fused, layer));
  if (!fused) return false;
  build.claimed.insert(fused->name);
  const std::vector<std::int64_t>& shape = fused->shape;
  if (shape.size() != 3 || shape[0] != experts_ || shape[1] % entry.parts != 0) {
    build.problems.error(build.place,
                         fmt::format("{} in {} has shape {}, expected ({}, {}rows, columns)",
                                     fused->name, build.label, shape_text(shape), experts_,
                                     entry.parts > 1 ? fmt::format("{} x ", entry.parts) : ""),
                         "check the number of experts in config.json");
    return true;
  }
  const std::int64_t rows = shape[1] / entry.parts;
  for (int e = 0; e < experts_; ++e) {
    TensorInfo view = *fused;
    view.name = expand(entry.name, layer, e);
    view.shape = {rows, shape[2]};
    view.elements = static_cast<std::uint64_t>(rows * shape[2]);
    view.bytes = view.elements * dtype_size(fused->dtype);
    view.offset += (static_cast<std::uint64_t>(e) * static_cast<std::uint64_t>(entry.parts) +
                    static_cast<std::uint64_t>(entry.part)) *
                   view.bytes;
    by_name_.emplace(view.name, std::move(view));
  }
  return true;
}

}  // namespace mod::arch
