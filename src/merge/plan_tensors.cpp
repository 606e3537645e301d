// One planned tensor for each slot: inputs, method or copy, parameters, shape and dtype.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "merge/plan_builder.h"

namespace mod::merge::planning {
namespace {

/// Whether the reference rule of MoD is in force, whose arithmetic and output are bf16.
bool is_reference(const Builder& b, const TensorSpec& spec) {
  if (b.plan.method->name != "mod") return false;
  return spec.params.string("select") == "reference";
}

const Place& slice_place(const Builder& b, const OutputSlot& slot) {
  return b.slices[static_cast<std::size_t>(slot.slice)].place;
}

/// Integer and boolean tensors are copied from the donor; the others of its type are read to see
/// whether they differ. False: not such a tensor.
bool reduce_integers(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates) {
  const auto integers = std::count_if(candidates.begin(), candidates.end(), [](const Candidate& c) {
    return !is_floating(c.input.tensor.dtype);
  });
  if (integers == 0) return false;
  if (integers != static_cast<std::ptrdiff_t>(candidates.size())) {
    b.tally.add(Severity::kError, slice_place(b, slot),
                "{0} holds integers in some inputs and floating numbers in others",
                "quantised models cannot be merged", slot.name);
  }
  for (Candidate& c : candidates) {
    if (c.input.model == b.plan.donor) std::swap(candidates.front(), c);
  }
  const DType type = candidates.front().input.tensor.dtype;
  std::erase_if(candidates, [&](const Candidate& c) { return c.input.tensor.dtype != type; });
  return true;
}

void drop_other_shapes(std::vector<Candidate>& candidates) {
  const std::vector<std::int64_t> shape = candidates.front().input.tensor.shape;
  std::erase_if(candidates, [&](const Candidate& c) { return c.input.tensor.shape != shape; });
}

/// A method that needs all its models, for a tensor that some lack (mod).
Action check_complete(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates) {
  const MethodInfo& method = *b.plan.method;
  const SliceLayout& slice = b.slices[static_cast<std::size_t>(slot.slice)];
  if (method.base != BaseRole::kDonor || method.min_models < 2 ||
      candidates.size() == slice.sources.size()) {
    return Action::kCombine;
  }
  const bool compat = b.options.compat && b.recipe.from_mod_repository;
  b.tally.add(compat ? Severity::kWarning : Severity::kError, slice.place,
              compat ? "{0} missing in an expert: the first expert's is kept (--compat)"
                     : "{0} missing in some of the models",
              "use models that have the same tensors", slot.name);
  return compat ? Action::kCopy : Action::kSkip;
}

void note_narrowing(Builder& b, const OutputSlot& slot, const std::vector<Candidate>& candidates) {
  for (const Candidate& c : candidates) {
    if (c.input.tensor.dtype != DType::F64) continue;
    b.tally.add(Severity::kNote, b.place(c.input.model),
                fmt::format("{{0}}: the float64 values of {} are rounded to float32 for arithmetic",
                            b.label(c.input.model)),
                "", slot.name);
  }
}

std::uint64_t size_of(Builder& b, PlannedTensor& tensor) {
  const auto elements = checked_product(tensor.spec.shape);
  const std::size_t width = dtype_size(tensor.dtype);
  if (!elements || *elements > UINT64_MAX / 2 / width) {
    b.tally.add(Severity::kError, b.recipe_place(), "{0} is too large", "", tensor.name);
    return 0;
  }
  tensor.spec.elements = *elements;
  return *elements * width;
}

void finish(Builder& b, const OutputSlot& slot, const std::vector<Candidate>& candidates,
            TensorSpec spec, bool copy) {
  PlannedTensor tensor;
  tensor.name = slot.name;
  tensor.dtype = output_dtype(b, spec, candidates, copy);
  tensor.method = copy ? nullptr : b.plan.method;
  for (const Candidate& c : candidates) tensor.inputs.push_back(c.input);
  tensor.spec = std::move(spec);
  tensor.spec.output = tensor.dtype;
  tensor.bytes = size_of(b, tensor);
  b.plan.tensors.push_back(std::move(tensor));
}

/// passthrough without a factor keeps the bytes, whatever their type.
bool scales_nothing(const Builder& b, const TensorSpec& spec) {
  return b.plan.method->name == "passthrough" && spec.params.find("scale", 0).value_or(1) == 1;
}

/// Decides between the method and a copy, and checks the parameters. kSkip: a problem was tallied.
Action decide(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates,
              TensorSpec& spec) {
  const MethodInfo& method = *b.plan.method;
  spec.shape = candidates.front().input.tensor.shape;
  spec.elements = checked_product(spec.shape).value_or(0);
  spec.inputs = static_cast<int>(candidates.size());
  spec.base = base_position(b.slices[static_cast<std::size_t>(slot.slice)], candidates);
  fill_parameters(b, slot, candidates, spec, false);
  spec.compute = b.recipe.compute.value_or(is_reference(b, spec) ? Compute::kBf16 : Compute::kFp32);
  if (method.matches && !method.matches(spec)) return Action::kCopy;
  Action action = check_complete(b, slot, candidates);
  if (action != Action::kCombine) return action;
  action = apply_shape_rules(b, slot, candidates, spec.shape);
  if (action != Action::kCombine) return action;
  spec.elements = checked_product(spec.shape).value_or(0);
  spec.inputs = static_cast<int>(candidates.size());
  spec.base = base_position(b.slices[static_cast<std::size_t>(slot.slice)], candidates);
  spec.params = {};  // inputs may have been left out since
  if (!fill_parameters(b, slot, candidates, spec, true)) return Action::kSkip;
  if (method.check && !b.wrong_inputs) {
    if (const std::string wrong = method.check(spec); !wrong.empty()) {
      b.tally.add(Severity::kError, b.recipe_place(),
                  fmt::format("{}: {} (for {{0}})", method.name, wrong), "", slot.name, "check");
      return Action::kSkip;
    }
  }
  return scales_nothing(b, spec) ? Action::kCopy : Action::kCombine;
}

void plan_tensor(Builder& b, const OutputSlot& slot) {
  bool any_own = false;
  std::vector<Candidate> candidates = find_candidates(b, slot, any_own);
  if (candidates.empty() || (slot.entry.optional && !any_own)) return;
  for (const Candidate& c : candidates) {
    if (!c.tied) continue;
    b.tally.add(
        Severity::kNote, b.place(c.input.model),
        fmt::format("{} has no {{0}} of its own: its embedding stands in", b.label(c.input.model)),
        "", slot.name);
  }
  TensorSpec spec;
  spec.name = slot.name;
  spec.seed = b.recipe.seed;
  Action action = Action::kCopy;
  if (!reduce_integers(b, slot, candidates)) {
    action = apply_absent_rules(b, slot, candidates);
    if (action == Action::kCombine) action = decide(b, slot, candidates, spec);
    if (action == Action::kSkip) return;
  }
  const bool copy = action == Action::kCopy;
  if (copy) drop_other_shapes(candidates);
  if (!copy) note_narrowing(b, slot, candidates);
  if (copy) spec.shape = candidates.front().input.tensor.shape;
  spec.inputs = static_cast<int>(candidates.size());
  spec.base = base_position(b.slices[static_cast<std::size_t>(slot.slice)], candidates);
  finish(b, slot, candidates, std::move(spec), copy);
}

}  // namespace

DType widest(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::F64 || b == DType::F64) return DType::F64;
  if (a == DType::F32 || b == DType::F32) return DType::F32;
  auto is_half = [](DType t) { return t == DType::F16 || t == DType::BF16; };
  if (is_half(a) && is_half(b)) return DType::F32;
  if (is_half(a)) return a;
  if (is_half(b)) return b;
  return DType::BF16;  // both FP8 formats fit into it
}

DType output_dtype(Builder& b, const TensorSpec& spec, const std::vector<Candidate>& candidates,
                   bool copy) {
  const DType first = candidates.front().input.tensor.dtype;
  if (!is_floating(first)) return first;
  if (b.recipe.out_dtype && is_floating(*b.recipe.out_dtype)) return *b.recipe.out_dtype;
  if (b.recipe.dtype && is_floating(*b.recipe.dtype)) return *b.recipe.dtype;
  if (is_reference(b, spec)) return DType::BF16;
  if (copy) return first;
  DType type = first;
  if (spec.base >= 0) {
    type = candidates[static_cast<std::size_t>(spec.base)].input.tensor.dtype;
  } else {
    for (const Candidate& c : candidates) type = widest(type, c.input.tensor.dtype);
  }
  // Results are never rounded to FP8: without a scale its range is too small.
  return type == DType::F8_E4M3 || type == DType::F8_E5M2 ? DType::BF16 : type;
}

void plan_copy(Builder& b, const OutputSlot& slot, const Candidate& candidate) {
  TensorSpec spec;
  spec.name = slot.name;
  spec.shape = candidate.input.tensor.shape;
  spec.inputs = 1;
  spec.seed = b.recipe.seed;
  fill_parameters(b, slot, {candidate}, spec, false);
  finish(b, slot, {candidate}, std::move(spec), true);
}

void plan_tensors(Builder& b) {
  for (const auto& dtype : {b.recipe.dtype, b.recipe.out_dtype}) {
    if (!dtype || is_floating(*dtype)) continue;
    b.problems.error(b.recipe_place(),
                     fmt::format("dtype {} cannot hold weights", dtype_torch_name(*dtype)),
                     "use bfloat16, float16 or float32");
  }
  for (const OutputSlot& slot : b.slots) plan_tensor(b, slot);
}

}  // namespace mod::merge::planning
