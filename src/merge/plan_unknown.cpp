// Tensors that the architecture does not name: kept from the donor, never dropped without a word.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "merge/plan_builder.h"

namespace mod::merge::planning {
namespace {

bool is_in_layer(const std::string& name) { return arch::first_index(name) >= 0; }

void keep(Builder& b, const checkpoint::TensorInfo& stored) {
  OutputSlot slot;
  slot.name = stored.name;
  slot.entry.name = stored.name;
  slot.order = {stored.file, stored.offset};
  Candidate candidate;
  candidate.input = {b.plan.donor, stored};
  candidate.name = stored.name;
  plan_copy(b, slot, candidate);
  b.tally.add(Severity::kWarning, b.place(b.plan.donor),
              fmt::format("{{0}} of {} unknown to the architecture {}: copied unchanged",
                          b.label(b.plan.donor), b.architecture->id),
              "", stored.name);
}

void keep_donors(Builder& b, std::unordered_set<std::string>& kept) {
  const arch::TensorMap& map = b.maps[static_cast<std::size_t>(b.plan.donor)];
  std::unordered_set<std::string> planned;
  for (const PlannedTensor& tensor : b.plan.tensors) planned.insert(tensor.name);
  for (const checkpoint::TensorInfo& stored : map.unknown()) {
    kept.insert(stored.name);
    const bool moved = b.renumbered && is_in_layer(stored.name);
    if (planned.contains(stored.name)) {
      b.tally.add(Severity::kError, b.place(b.plan.donor), "{0} is stored under two names at once",
                  "remove one of them", stored.name);
    } else if (!moved) {
      keep(b, stored);
    } else if (b.options.drop_unknown) {
      b.tally.add(Severity::kWarning, b.place(b.plan.donor),
                  fmt::format("{{0}} of {} dropped: unknown to the architecture {}",
                              b.label(b.plan.donor), b.architecture->id),
                  "", stored.name);
    } else {
      b.tally.add(Severity::kError, b.place(b.plan.donor),
                  fmt::format("{{0}} of {} unknown to the architecture {}, and the layers are "
                              "renumbered: where they belong cannot be known",
                              b.label(b.plan.donor), b.architecture->id),
                  "drop them with --drop-unknown", stored.name);
    }
  }
}

void report_others(Builder& b, const std::unordered_set<std::string>& kept) {
  for (std::size_t i = 0; i < b.maps.size(); ++i) {
    const int model = static_cast<int>(i);
    for (const std::string& name : b.maps[i].recomputed()) {
      b.tally.add(Severity::kNote, b.place(model),
                  fmt::format("{{0}} of {} not written: readers compute it", b.label(model)), "",
                  name);
    }
    if (model == b.plan.donor) continue;
    for (const checkpoint::TensorInfo& stored : b.maps[i].unknown()) {
      const std::string where =
          kept.contains(stored.name) ? "the donor's are copied" : "they take no part in the merge";
      b.tally.add(Severity::kWarning, b.place(model),
                  fmt::format("{{0}} of {} unknown to the architecture {}: {}", b.label(model),
                              b.architecture->id, where),
                  "", stored.name);
    }
  }
}

}  // namespace

void keep_unknown_tensors(Builder& b) {
  std::unordered_set<std::string> kept;
  keep_donors(b, kept);
  report_others(b, kept);
  if (b.renumbered) return;
  // Back into the order of the donor's files, where the kept tensors lie between the others.
  std::unordered_map<std::string, std::pair<int, std::uint64_t>> order;
  for (const OutputSlot& slot : b.slots) order.emplace(slot.name, slot.order);
  auto key = [&](const PlannedTensor& tensor) {
    const auto found = order.find(tensor.name);
    const checkpoint::TensorInfo& stored = tensor.inputs.front().tensor;
    return found == order.end() ? std::pair<int, std::uint64_t>{stored.file, stored.offset}
                                : found->second;
  };
  std::stable_sort(b.plan.tensors.begin(), b.plan.tensors.end(),
                   [&](const PlannedTensor& x, const PlannedTensor& y) { return key(x) < key(y); });
}

}  // namespace mod::merge::planning
