// The list of tensors that the output could have, in the order in which they fill its shards.
#include <fmt/format.h>

#include <algorithm>

#include "merge/plan_builder.h"

namespace mod::merge::planning {
namespace {

const arch::TensorMap& donor_map(const Builder& b) {
  return b.maps[static_cast<std::size_t>(b.plan.donor)];
}

/// Whether the donor's embedding serves as its output head.
bool donor_is_tied(const Builder& b, const std::string& head) {
  const auto written = arch::tied_embeddings(b.config(b.plan.donor));
  return written.value_or(!donor_map(b).find(head));
}

void report_unwritten_head(Builder& b, const std::string& head) {
  for (const Source& source : b.slices.back().sources) {
    if (!b.maps[static_cast<std::size_t>(source.model)].find(head)) continue;
    const bool tied = arch::tied_embeddings(b.config(source.model)).value_or(false);
    if (tied) {
      b.problems.note(b.place(source.model),
                      fmt::format("{} of {} is not written: the output ties it to the embedding",
                                  head, b.label(source.model)));
    } else {
      b.problems.warn(b.place(source.model),
                      fmt::format("{} has a {} of its own, but the config of {} ties it to the "
                                  "embedding: it is not written",
                                  b.label(source.model), head, b.label(b.plan.donor)),
                      "choose a base_model with an untied head if it matters");
    }
  }
}

void add_loose(Builder& b, const std::vector<arch::TensorTemplate>& list, std::size_t slice) {
  for (const arch::TensorTemplate& t : list) {
    if (!t.tied_to.empty() && donor_is_tied(b, t.name)) {
      report_unwritten_head(b, t.name);
      continue;
    }
    OutputSlot slot;
    slot.name = t.name;
    slot.entry = {t.name, t.tied_to, t.optional, t.embedding};
    slot.slice = static_cast<int>(slice);
    b.slots.push_back(std::move(slot));
  }
}

void add_layers(Builder& b, std::size_t slice_index) {
  const SliceLayout& slice = b.slices[slice_index];
  const Source& first = slice.sources.front();
  const arch::TensorMap& map = b.maps[static_cast<std::size_t>(first.model)];
  const auto dense = arch::layer_slots(*b.architecture, false, 0);
  const auto sparse = arch::layer_slots(*b.architecture, true, map.experts());
  for (std::int64_t i = 0; i < slice.length; ++i) {
    for (const arch::Slot& entry : map.is_sparse(first.begin + i) ? sparse : dense) {
      OutputSlot slot;
      slot.name = arch::expand(entry.name, slice.first + i);
      slot.entry = entry;
      slot.slice = static_cast<int>(slice_index);
      slot.index = i;
      slot.in_layer = true;
      b.slots.push_back(std::move(slot));
    }
  }
}

void check_expert_counts(Builder& b) {
  const int ours = donor_map(b).experts();
  for (std::size_t i = 0; i < b.maps.size(); ++i) {
    if (b.maps[i].experts() == ours) continue;
    b.problems.error(
        b.place(static_cast<int>(i)),
        fmt::format("different numbers of experts: {} has {}, {} has {}", b.label(b.plan.donor),
                    ours, b.label(static_cast<int>(i)), b.maps[i].experts()),
        "only models with the same experts can be merged");
  }
}

/// Reading follows the donor's files; renumbered layers have no place there and keep list order.
void order_slots(Builder& b) {
  std::pair<int, std::uint64_t> last{0, 0};
  for (std::size_t i = 0; i < b.slots.size(); ++i) {
    OutputSlot& slot = b.slots[i];
    if (b.renumbered) {
      slot.order = {0, i};
      continue;
    }
    if (const auto* stored = donor_map(b).find(slot.name)) last = {stored->file, stored->offset};
    slot.order = last;
  }
  std::stable_sort(b.slots.begin(), b.slots.end(),
                   [](const OutputSlot& x, const OutputSlot& y) { return x.order < y.order; });
}

}  // namespace

void list_slots(Builder& b) {
  check_expert_counts(b);
  add_loose(b, b.architecture->before, 0);
  for (std::size_t i = 0; i < b.slices.size(); ++i) add_layers(b, i);
  add_loose(b, b.architecture->after, b.slices.size() - 1);
  order_slots(b);
}

}  // namespace mod::merge::planning
