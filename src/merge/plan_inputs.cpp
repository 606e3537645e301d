// The inputs of one output tensor: where each source stores it, and what happens where some lack it
// or have another shape. Rules: docs/methods.md, "Absent tensors" and "Unequal shapes".
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "merge/plan_builder.h"

namespace mod::merge::planning {

namespace {

const SliceLayout& slice_of(const Builder& b, const OutputSlot& slot) {
  return b.slices[static_cast<std::size_t>(slot.slice)];
}

const Source& source_of(const Builder& b, const OutputSlot& slot, const Candidate& candidate) {
  return slice_of(b, slot).sources[static_cast<std::size_t>(candidate.source)];
}

void report_missing(Builder& b, const Source& source, const std::string& name) {
  if (b.options.compat && b.recipe.from_mod_repository) {
    b.tally.add(Severity::kWarning, source.place,
                fmt::format("{{0}} missing in {}: the first expert's is kept (--compat)",
                            b.label(source.model)),
                "", name);
    return;
  }
  b.tally.add(Severity::kError, source.place,
              fmt::format("{{0}} missing in {}", b.label(source.model)),
              "check that the model is complete and of the same architecture", name);
}

}  // namespace

int base_position(const SliceLayout& slice, const std::vector<Candidate>& candidates) {
  for (std::size_t i = 0; slice.base >= 0 && i < candidates.size(); ++i) {
    if (candidates[i].source == slice.base) return static_cast<int>(i);
  }
  return -1;
}

std::vector<Candidate> find_candidates(Builder& b, const OutputSlot& slot, bool& any_own) {
  const SliceLayout& slice = slice_of(b, slot);
  std::vector<Candidate> out;
  std::vector<const Source*> without;
  any_own = false;
  for (std::size_t i = 0; i < slice.sources.size(); ++i) {
    const Source& source = slice.sources[i];
    const arch::TensorMap& map = b.maps[static_cast<std::size_t>(source.model)];
    Candidate c;
    c.source = static_cast<int>(i);
    c.name = arch::expand(slot.entry.name, source.begin + slot.index);
    const checkpoint::TensorInfo* found = map.find(c.name);
    any_own |= found != nullptr;
    if (!found && !slot.entry.tied_to.empty()) {
      found = map.find(slot.entry.tied_to);
      c.tied = true;
    }
    if (!found) {
      without.push_back(&source);
      continue;
    }
    c.input = {source.model, *found};
    out.push_back(std::move(c));
  }
  if (slot.entry.optional) return out;
  for (const Source* source : without) {
    report_missing(b, *source, arch::expand(slot.entry.name, source->begin + slot.index));
  }
  return out;
}

Action apply_absent_rules(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates) {
  const SliceLayout& slice = slice_of(b, slot);
  const MethodInfo& method = *b.plan.method;
  const int total = static_cast<int>(slice.sources.size());
  const int present = static_cast<int>(candidates.size());
  if (present == 0) return Action::kSkip;
  if (present == total) return Action::kCombine;
  if (method.base == BaseRole::kDonor) {
    // A method that starts from the first model (mod) has nothing to write where that lacks a
    // tensor.
    if (method.min_models < 2 || candidates.front().source == 0) return Action::kCombine;
    b.tally.add(Severity::kWarning, slice.place,
                fmt::format("{{0}} left out: {} does not have it", b.label(slice.sources[0].model)),
                "", slot.name);
    return Action::kSkip;
  }
  const int base = base_position(slice, candidates);
  const int models = present - (base >= 0 ? 1 : 0);
  if (present == 1 && method.base == BaseRole::kOptional) return Action::kCopy;
  if (base >= 0 && models == 0) return Action::kCopy;
  if (base < 0 && slice.base >= 0) {
    if (method.base == BaseRole::kRequired && method.max_models == 1) return Action::kCopy;
    const Source& missing = slice.sources[static_cast<std::size_t>(slice.base)];
    b.tally.add(
        Severity::kError, missing.place,
        fmt::format("{{0}} missing in the base {}, but present in other inputs; {} needs the "
                    "base's",
                    b.label(missing.model), method.name),
        "use a base that has the same optional tensors", slot.name);
    return Action::kSkip;
  }
  if (models >= method.min_models) return Action::kCombine;
  const std::string found = fmt::format("only {} of {} inputs", present, total);
  if (method.base == BaseRole::kRequired) {
    b.tally.add(Severity::kWarning, slice.place,
                fmt::format("{{0}} left out: {} have it, too few for {}", found, method.name), "",
                slot.name);
    return Action::kSkip;
  }
  b.tally.add(Severity::kError, slice.place,
              fmt::format("{{0}} cannot be merged by {}: {} have it", method.name, found),
              "use models that have the same optional tensors", slot.name);
  return Action::kSkip;
}

namespace {

std::string describe_shapes(Builder& b, const std::vector<Candidate>& candidates) {
  std::string out;
  for (const Candidate& c : candidates) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", b.label(c.input.model), shape_text(c.input.tensor.shape));
  }
  return out;
}

bool all_matrices(const std::vector<Candidate>& candidates) {
  return std::all_of(candidates.begin(), candidates.end(),
                     [](const Candidate& c) { return c.input.tensor.shape.size() == 2; });
}

Action fail(Builder& b, const OutputSlot& slot, const std::vector<Candidate>& candidates) {
  const std::string shapes = describe_shapes(b, candidates);
  const bool embedding = slot.entry.embedding;
  b.tally.add(Severity::kError, slice_of(b, slot).place,
              fmt::format("the inputs have different shapes: {{0}} ({})", shapes),
              embedding
                  ? "the vocabularies differ; mixing them needs a tokenizer: key, which is not "
                    "supported yet"
                  : "only models of the same sizes can be merged",
              slot.name, embedding ? "embedding shapes" : "shapes");
  return Action::kSkip;
}

Action crop_to_smallest(Builder& b, const OutputSlot& slot,
                        const std::vector<Candidate>& candidates,
                        std::vector<std::int64_t>& shape) {
  const std::string shapes = describe_shapes(b, candidates);
  for (const Candidate& c : candidates) {
    for (std::size_t i = 0; i < 2; ++i) shape[i] = std::min(shape[i], c.input.tensor.shape[i]);
  }
  b.tally.add(Severity::kWarning, slice_of(b, slot).place,
              fmt::format("{{0}}: the inputs have different shapes ({}); all are cropped to {}",
                          shapes, shape_text(shape)),
              "rows beyond that are lost; check that the tokens of the common rows agree",
              slot.name);
  return Action::kCombine;
}

Action crop_to_base(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates,
                    const std::vector<std::int64_t>& shape) {
  std::vector<Candidate> kept;
  const bool crop = slot.entry.embedding && all_matrices(candidates);
  for (Candidate& c : candidates) {
    const std::vector<std::int64_t>& own = c.input.tensor.shape;
    if (own == shape) {
      kept.push_back(std::move(c));
      continue;
    }
    const Place& place = source_of(b, slot, c).place;
    const std::string sizes =
        fmt::format("{} where the base has {}", shape_text(own), shape_text(shape));
    if (!crop) {
      b.tally.add(Severity::kWarning, place,
                  fmt::format("{{0}}: {} is left out, it has {}", b.label(c.input.model), sizes),
                  "check that the models belong together", slot.name);
    } else if (own[0] < shape[0] || own[1] < shape[1]) {
      b.tally.add(
          Severity::kError, place,
          fmt::format("{{0}}: {} is smaller than the base, {}", b.label(c.input.model), sizes),
          "the vocabularies differ; mixing them needs a tokenizer: key, which is not "
          "supported yet",
          slot.name);
    } else {
      b.tally.add(
          Severity::kWarning, place,
          fmt::format("{{0}}: {} is cropped to the base, it has {}", b.label(c.input.model), sizes),
          "rows beyond that are lost; check that the tokens of the common rows agree", slot.name);
      kept.push_back(std::move(c));
    }
  }
  candidates = std::move(kept);
  return candidates.size() == 1 ? Action::kCopy : Action::kCombine;
}

}  // namespace

Action apply_shape_rules(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates,
                         std::vector<std::int64_t>& shape) {
  shape = candidates.front().input.tensor.shape;
  const bool equal = std::all_of(candidates.begin(), candidates.end(),
                                 [&](const Candidate& c) { return c.input.tensor.shape == shape; });
  if (equal) return Action::kCombine;
  if (b.options.compat && b.recipe.from_mod_repository) {
    b.tally.add(Severity::kWarning, slice_of(b, slot).place,
                "{0}: shapes differ, the first expert's is kept (--compat)", "", slot.name);
    return Action::kCopy;
  }
  const int base = base_position(slice_of(b, slot), candidates);
  const ShapeRule rule = b.plan.method->shapes;
  if (rule == ShapeRule::kCropToSmallest && slot.entry.embedding && all_matrices(candidates)) {
    return crop_to_smallest(b, slot, candidates, shape);
  }
  if (rule == ShapeRule::kCropToBase && base >= 0) {
    shape = candidates[static_cast<std::size_t>(base)].input.tensor.shape;
    return crop_to_base(b, slot, candidates, shape);
  }
  return fail(b, slot, candidates);
}

}  // namespace mod::merge::planning
