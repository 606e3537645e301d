// What the steps of build_plan share. Private to plan*.cpp and checks*.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arch/architecture.h"
#include "arch/tensor_map.h"
#include "merge/plan.h"
#include "merge/settings.h"

namespace mod::merge::planning {

/// One input of a slice; a model that was listed twice is one source.
struct Source {
  int model = 0;                    // index into Plan::models
  std::int64_t begin = 0, end = 0;  // its layers
  Settings parameters;              // of every entry of this model, the first entry's first
  Place place;
};

struct SliceLayout {
  std::vector<Source> sources;
  int base = -1;                         // index into `sources`, or -1: no base in the arithmetic
  const Settings* parameters = nullptr;  // of the slice; null in a models: recipe
  std::int64_t first = 0, length = 0;    // output layers
  Place place;
};

/// One tensor that the output could have.
struct OutputSlot {
  std::string name;
  arch::Slot entry;  // its name still has "{L}"
  int slice = 0;
  std::int64_t index = 0;  // layer within the slice
  bool in_layer = false;
  std::pair<int, std::uint64_t> order;  // file and offset in the donor, or just a number
};

/// A tensor of one source that takes part in one output tensor.
struct Candidate {
  int source = 0;  // index into SliceLayout::sources
  PlannedInput input;
  std::string name;  // canonical, with the source's own layer number
  bool tied = false;
};

/// Problems that would repeat for hundreds of tensors: counted, and told once with examples.
class Tally {
 public:
  struct Item {
    Severity severity = Severity::kError;
    Place place;
    std::string text;  // "{0}" takes the tensors
    std::string remedy;
    std::vector<std::string> tensors;  // the first few
    std::size_t count = 0;
  };

  /// Problems of one place and `group` (the text, if empty) are one item with the first one's text.
  void add(Severity severity, const Place& place, const std::string& text,
           const std::string& remedy, const std::string& tensor, const std::string& group = {});
  void report(Problems& problems) const;

 private:
  std::vector<Item> items_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;  // (place, group)
};

struct Builder {
  const Recipe& recipe;
  const PlanOptions& options;
  Problems& problems;
  Plan plan;
  Tally tally;
  std::optional<arch::Architecture> inferred;
  const arch::Architecture* architecture = nullptr;
  std::vector<arch::TensorMap> maps;  // by model
  std::vector<SliceLayout> slices;
  std::vector<OutputSlot> slots;
  std::int64_t layers = 0;    // of the output
  bool renumbered = false;    // output layers are not simply the donor's
  bool wrong_inputs = false;  // told already: wrong number of models, or no base

  const std::string& label(int model) const {
    return plan.models[static_cast<std::size_t>(model)].label;
  }
  const Place& place(int model) const {
    return plan.models[static_cast<std::size_t>(model)].ref.place;
  }
  const checkpoint::Json& config(int model) const {
    return plan.models[static_cast<std::size_t>(model)].folder.config;
  }
  /// Index of a model; -1 if it could not be opened.
  int find_model(const ModelRef& ref) const;
  Place recipe_place() const { return recipe.method_place; }
};

/// Steps in their order; each adds its problems. Those that return false end the planning.
bool open_models(Builder& b);           // plan_models.cpp
bool choose_architecture(Builder& b);   // plan_models.cpp
bool lay_out_slices(Builder& b);        // plan_slices.cpp
void list_slots(Builder& b);            // plan_slots.cpp
void check_models(Builder& b);          // checks.cpp
void plan_tensors(Builder& b);          // plan_tensors.cpp
void keep_unknown_tensors(Builder& b);  // plan_unknown.cpp
void place_tensors(Builder& b);         // plan_finish.cpp
void write_config(Builder& b);          // plan_finish.cpp
void total_up(Builder& b);              // plan_finish.cpp

/// The tensors of a slot that the sources have (own, or the tied one). Missing required tensors are
/// tallied. `any_own` tells whether one source stores it under its own name.
std::vector<Candidate> find_candidates(Builder& b, const OutputSlot& slot, bool& any_own);

/// What is to be done with a tensor after looking at its inputs.
enum class Action { kCombine, kCopy, kSkip };

/// Rules for optional tensors that some inputs lack (docs/methods.md, "Absent tensors"): may remove
/// candidates. `base` is the base's position among the candidates or -1.
Action apply_absent_rules(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates);

/// Crops or removes inputs of unequal shape by the method's rule; sets the output's shape.
Action apply_shape_rules(Builder& b, const OutputSlot& slot, std::vector<Candidate>& candidates,
                         std::vector<std::int64_t>& shape);

/// Fills spec.params; returns false (and tallies) if a required parameter has no value.
/// With `required` false nothing is tallied: for tensors that the method may leave alone.
bool fill_parameters(Builder& b, const OutputSlot& slot, const std::vector<Candidate>& candidates,
                     TensorSpec& spec, bool required);

/// Position of the base among the candidates, or -1.
int base_position(const SliceLayout& slice, const std::vector<Candidate>& candidates);

/// Adds a tensor that is copied from one model (plan_tensors.cpp).
void plan_copy(Builder& b, const OutputSlot& slot, const Candidate& candidate);

/// The smallest type that holds both exactly (BF16 with F16 gives F32).
DType widest(DType a, DType b);
/// Type of the output for these inputs; `base` as above, `copy`: only the first input is written.
DType output_dtype(Builder& b, const TensorSpec& spec, const std::vector<Candidate>& candidates,
                   bool copy);

}  // namespace mod::merge::planning
